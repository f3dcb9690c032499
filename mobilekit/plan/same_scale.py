"""Values that int8 operators tie to one scale and zero point, by union-find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mobilekit.convert.tflite.quantisable import Operator


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleClass:
    """``values`` that share a scale. ``sources`` are those that no same-scale operator made of others.

    The other values only rearrange, select or average the sources (and ``constants``, the constant
    operands of the class's operators), so the sources' ranges hold for all.
    """

    values: tuple[str, ...]
    sources: tuple[str, ...]
    constants: tuple[str, ...]
    operators: tuple[Operator, ...]


def scale_classes(operators: Iterable[Operator]) -> tuple[ScaleClass, ...]:
    """The classes of all values that the int8 ``operators`` read or write, in order of appearance."""
    operators = tuple(operators)
    parent: dict[str, str] = {}
    for operator in operators:
        values = (*operator.inputs, *filter(None, operator.outputs))
        for value in values:
            parent.setdefault(value, value)
        if operator.rule == "same-scale":
            for value in values[1:]:
                parent[_root(parent, value)] = _root(parent, values[0])
    return tuple(_class(members, operators) for members in _groups(parent).values())


def _groups(parent: dict[str, str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for value in parent:
        groups.setdefault(_root(parent, value), []).append(value)
    return groups


def _root(parent: Mapping[str, str], value: str) -> str:
    while parent[value] != value:
        value = parent[value]
    return value


def _class(members: list[str], operators: tuple[Operator, ...]) -> ScaleClass:
    known = set(members)
    tying = tuple(o for o in operators if o.rule == "same-scale" and known & {*o.inputs, *o.outputs})
    made = {value for operator in tying for value in operator.outputs}
    return ScaleClass(
        values=tuple(members),
        sources=tuple(value for value in members if value not in made),
        constants=tuple(dict.fromkeys(name for operator in tying for name in operator.constants)),
        operators=tying,
    )
