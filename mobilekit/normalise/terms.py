"""Arithmetic around a statistic as a sum of terms: what normalisations are recognised by.

Whatever the order in which an exporter subtracts the mean, divides by the deviation, scales and shifts,
the result is a sum of products. Seen from one map x and the deviation σ of it, every term is x, its mean
or neither, times a number, times powers of σ, times values that know nothing of x.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mobilekit.normalise.grouping import matches
from mobilekit.normalise.statistics import Deviation, base, mean, number, root_of

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node

_MOST_TERMS = 4
_DEEPEST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """``coefficient · [x | mean(x) | 1] · σ^power · Π value^±1``; ``map`` is x as it is read, or "".

    ``shapes`` are those in which σ and the mean have entered: they must meet the map when they are
    multiplied with it.
    """

    coefficient: float
    map: str = ""
    mean: bool = False
    power: int = 0
    values: tuple[tuple[str, int], ...] = ()
    shapes: frozenset[tuple[int, ...]] = frozenset()


@dataclass(slots=True, kw_only=True)
class Expansion:
    """Terms of values, seen from one deviation."""

    editor: Editor
    by: Deviation
    known: dict[str, tuple[Term, ...] | None] = field(default_factory=dict)

    def terms(self, name: str, depth: int = 0) -> tuple[Term, ...] | None:
        """The value as a sum of terms; None where it is not one, or too long a sum."""
        if name not in self.known:
            self.known[name] = self._terms(name, depth)
        return self.known[name]

    def _terms(self, name: str, depth: int) -> tuple[Term, ...] | None:
        editor, shape = self.editor, self.editor.shape(name)
        constant = number(editor, name)
        if constant is not None:
            return (Term(coefficient=constant),)
        statistic = self._statistic(name, shape)
        if statistic is not None:
            return (statistic,)
        if base(editor, name) == base(editor, self.by.of):
            return (Term(coefficient=1.0, map=name),)
        node = editor.producer(name)
        if node is None or depth > _DEEPEST or node.domain:
            return (Term(coefficient=1.0, values=((name, 1),)),)
        found = self._of_node(node, depth + 1)
        return found or (None if self._knows(name) else (Term(coefficient=1.0, values=((name, 1),)),))

    def _statistic(self, name: str, shape: tuple[int, ...]) -> Term | None:
        root = root_of(self.editor, name)
        if root is not None and self._is_own(root[0]):
            return Term(coefficient=1.0, power=root[1], shapes=frozenset([shape]))
        average = mean(self.editor, name)
        if (
            average is None
            or average.squared
            or base(self.editor, average.of) != base(self.editor, self.by.of)
        ):
            return None
        if average.group != self.by.group:
            return None
        return Term(coefficient=average.factor, mean=True, shapes=frozenset([shape]))

    def _is_own(self, found: Deviation) -> bool:
        of = base(self.editor, found.of) == base(self.editor, self.by.of)
        return of and replace(found, of=self.by.of) == self.by

    def _knows(self, name: str) -> bool:
        """Whether the value depends on x by way of arithmetic that is no sum of terms."""
        pending, seen = [name], {name}
        while pending:
            current = pending.pop()
            if base(self.editor, current) == base(self.editor, self.by.of):
                return True
            producer = self.editor.producer(current)
            if producer is None or len(seen) > 64:
                continue
            new = [n for n in producer.inputs if n and n not in seen]
            seen.update(new)
            pending += new
        return False

    def _of_node(self, node: Node, depth: int) -> tuple[Term, ...] | None:
        if node.is_op("Neg"):
            inner = self.terms(node.inputs[0], depth)
            return _scaled(inner, -1.0) if inner else None
        if node.is_op("Reshape"):
            return self._reshaped(node, depth)
        if node.is_op("Reciprocal"):
            inner = self.terms(node.inputs[0], depth)
            inverse = _inverse(inner) if inner else None
            return (inverse,) if inverse else None
        if not node.is_op("Add", "Sub", "Mul", "Div"):
            return None
        one, other = self.terms(node.inputs[0], depth), self.terms(node.inputs[1], depth)
        if one is None or other is None:
            return None
        shape = self.editor.shape(node.outputs[0])
        if node.op in ("Add", "Sub"):
            both = (*one, *(_scaled(other, -1.0) if node.op == "Sub" else other))
            return _collected(both) if self._fit(both, shape) else None
        if node.op == "Div":
            inverse = _inverse(other)
            if inverse is None:
                return None
            other = (inverse,)
        product = [_product(a, b) for a in one for b in other]
        known = [p for p in product if p is not None]
        return _collected(known) if len(known) == len(product) and self._fit(known, shape) else None

    def _reshaped(self, node: Node, depth: int) -> tuple[Term, ...] | None:
        """A statistic in another shape: every element of it stays one."""
        inner, shape = self.terms(node.inputs[0], depth), self.editor.shape(node.inputs[0])
        if not inner or len(inner) > 1 or inner[0].map or inner[0].values or inner[0].shapes != {shape}:
            return None
        return (replace(inner[0], shapes=frozenset([self.editor.shape(node.outputs[0])])),)

    def _fit(self, found: Iterable[Term], shape: tuple[int, ...]) -> bool:
        """Whether the statistics meet the elements of the map that they are taken from."""
        listed = tuple(found)
        if not any(t.map for t in listed):
            return True
        return all(self.editor.shape(t.map) == shape for t in listed if t.map) and all(
            matches(self.by.group, shape, s) for t in listed for s in t.shapes
        )


def _scaled(found: Iterable[Term], by: float) -> tuple[Term, ...]:
    return tuple(replace(t, coefficient=t.coefficient * by) for t in found)


def _inverse(found: tuple[Term, ...]) -> Term | None:
    if len(found) != 1 or found[0].map or found[0].mean or not found[0].coefficient:
        return None
    (term,) = found
    values = tuple((name, -power) for name, power in term.values)
    return replace(term, coefficient=1 / term.coefficient, power=-term.power, values=values)


def _product(one: Term, other: Term) -> Term | None:
    if (one.map or one.mean) and (other.map or other.mean):
        return None
    powers = Counter(dict(one.values))
    powers.update(dict(other.values))
    return Term(
        coefficient=one.coefficient * other.coefficient,
        map=one.map or other.map,
        mean=one.mean or other.mean,
        power=one.power + other.power,
        values=tuple(sorted((n, p) for n, p in powers.items() if p)),
        shapes=one.shapes | other.shapes,
    )


def _collected(found: Iterable[Term]) -> tuple[Term, ...] | None:
    """Like terms added up."""
    sums: dict[object, Term] = {}
    for term in found:
        key = (term.map, term.mean, term.power, term.values)
        if key in sums:
            both = sums[key]
            term = replace(
                both, coefficient=both.coefficient + term.coefficient, shapes=both.shapes | term.shapes
            )
        sums[key] = term
    kept = tuple(t for t in sums.values() if t.coefficient)
    return kept if kept and len(kept) <= _MOST_TERMS else None
