"""Which operators must be float together for one rounding to disappear.

A value is not rounded where neither its maker nor any of its readers is int8; operators that only
move data are float or int8 as their neighbours are, so they are looked through::

    Conv ─ a ─ Pad ─ b ─ Conv        float a needs both convolutions
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mobilekit.plan.simulate import Source

if TYPE_CHECKING:
    from mobilekit.convert.tflite.quantisable import Operator


class Regions:
    """Readers and makers of a file's values, seen through what only moves data."""

    def __init__(self, operators: Sequence[Operator]) -> None:
        self._by_name = {o.name: o for o in operators}
        self._makers = {value: o for o in operators for value in o.outputs}
        self._readers: dict[str, list[Operator]] = {}
        for operator in operators:
            for value in dict.fromkeys(operator.inputs):
                self._readers.setdefault(value, []).append(operator)

    def removing(self, source: Source) -> tuple[str, ...]:
        """The operators to make float so that ``source`` is not rounded any more, sorted."""
        if source.kind == "operands":
            return (source.name,)
        found = {o.name for value in self._class_of(source.name) for o in self._touching(value) if o.rule}
        return tuple(sorted(found))

    def _class_of(self, start: str) -> list[str]:
        """``start`` and the values that same-scale operators tie to it."""
        found = {start: None}
        pending = [start]
        while pending:
            value = pending.pop()
            for operator in self._touching(value):
                if operator.rule == "same-scale":
                    new = [v for v in (*operator.inputs, *operator.outputs) if v and v not in found]
                    found.update(dict.fromkeys(new))
                    pending += new
        return list(found)

    def _touching(self, value: str) -> list[Operator]:
        maker = self._makers.get(value)
        return [*([maker] if maker else []), *self._readers.get(value, [])]


def cost_of(operators: Sequence[Operator], floats: Mapping[str, object], work: Mapping[str, float]) -> float:
    """What the operators ``floats`` cost together: their shares of the ``work``, and a little each."""
    return sum(work.get(o.name, 0.0) + 0.002 for o in operators if o.name in floats and o.rule is not None)
