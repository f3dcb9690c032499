"""Einsum of one or two operands (more are folded from the left) as Transpose, ReduceSum, MatMul and Mul.

::

    b…i k  ·  b…k j   →   Transpose + Reshape → [batch, I, K] × [batch, K, J] → Reshape + Transpose
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule

_ELLIPSIS = "..."
# Labels that stand for the axes of an ellipsis, from the right; no equation can contain them.
_SPARE = "⁰¹²³⁴⁵⁶⁷"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Term:
    value: str
    labels: str


def _einsum(node: Node, b: Builder) -> Replacement | Refusal:
    terms, result = parse(node["equation"], [b.rank(v) for v in node.inputs])
    operands = [_without_repeats(v, t, b) for v, t in zip(node.inputs, terms, strict=True)]
    sizes = _sizes(operands, b)
    if tuple(sizes[label] for label in result) != b.shape(node.name):
        return Refusal(
            got=f"equation {node['equation']!r} repeats an axis of size 1",
            hint="write the repetition with Expand",
        )
    total = operands[0]
    for position, term in enumerate(operands[1:], start=2):
        later = result + "".join(t.labels for t in operands[position:])
        total = _contract(total, term, later, sizes, b)
    value = _arranged(_summed(total, result, b), result, b)
    return _broadcast(value, [sizes[label] for label in result], b)


def _without_repeats(value: str, labels: str, b: Builder) -> _Term:
    """A label that a term has twice reads a diagonal: every (n + 1)th of the n·n elements of both axes."""
    for label in sorted({c for c in labels if labels.count(c) > 1}):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            others = [i for i in range(len(labels)) if i not in (first, second)]
            size = b.shape(value)[first]
            moved = b.transpose(value, [*others, first, second])
            rest = b.shape(moved)[:-2]
            flat = b.reshape(moved, (*rest, size * size))
            value = b.slice(flat, len(rest), 0, size * size, size + 1)
            labels = "".join(labels[i] for i in others) + label
    return _Term(value=value, labels=labels)


def parse(equation: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """The labels of each operand and of the result, ellipses spelled out."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    spans = [
        rank - len(t.replace(_ELLIPSIS, "")) if _ELLIPSIS in t else 0
        for t, rank in zip(terms, ranks, strict=True)
    ]
    widest = max(spans, default=0)
    plain = [t.replace(_ELLIPSIS, _SPARE[widest - n : widest]) for t, n in zip(terms, spans, strict=True)]
    everything = left.replace(_ELLIPSIS, "").replace(",", "")
    if not arrow:
        right = _ELLIPSIS + "".join(sorted(c for c in set(everything) if everything.count(c) == 1))
    return plain, right.replace(_ELLIPSIS, _SPARE[:widest])


def _sizes(operands: Sequence[_Term], b: Builder) -> dict[str, int]:
    """The size of each label, the larger one where an operand broadcasts it."""
    sizes: dict[str, int] = {}
    for term in operands:
        for label, size in zip(term.labels, b.shape(term.value), strict=True):
            sizes[label] = max(size, sizes.get(label, 1))
    return sizes


def _contract(left: _Term, right: _Term, later: str, sizes: dict[str, int], b: Builder) -> _Term:
    """The product of two terms, summed over the labels that nothing needs any more."""
    left = _summed(left, right.labels + later, b)
    right = _summed(right, left.labels + later, b)
    shared = [c for c in left.labels if c in right.labels]
    inner = [c for c in shared if c not in later]
    if not inner:
        return _multiplied(left, right, b)
    left, right = (_Term(value=_stretched(t, inner, sizes, b), labels=t.labels) for t in (left, right))
    batch = [c for c in shared if c in later]
    rows = [c for c in left.labels if c not in shared]
    columns = [c for c in right.labels if c not in shared]
    a = _arranged(left, "".join(batch + rows + inner), b)
    c = _arranged(right, "".join(batch + inner + columns), b)
    batches = [(_extent(a, i, b), _extent(c, i, b)) for i in range(len(batch))]
    one, other = [x for x, _ in batches], [y for _, y in batches]
    if one == other:
        one = other = [prod(one)] if one else []
    count = prod(sizes[x] for x in inner)
    a = b.reshape(a, (*one, prod(sizes[x] for x in rows), count))
    c = b.reshape(c, (*other, count, prod(sizes[x] for x in columns)))
    shape = [max(pair) for pair in batches] + [sizes[x] for x in rows + columns]
    return _Term(value=b.reshape(b.add("MatMul", a, c), shape), labels="".join(batch + rows + columns))


def _extent(value: str, axis: int, b: Builder) -> int:
    return b.shape(value)[axis]


def _stretched(term: _Term, labels: Sequence[str], sizes: dict[str, int], b: Builder) -> str:
    """Axes of size 1 that are summed against larger ones are repeated."""
    wanted = [sizes[c] if c in labels else n for c, n in zip(term.labels, b.shape(term.value), strict=True)]
    return _broadcast(term.value, wanted, b)


def _broadcast(value: str, shape: Sequence[int], b: Builder) -> str:
    return value if b.shape(value) == tuple(shape) else b.add("Expand", value, list(shape))


def _multiplied(left: _Term, right: _Term, b: Builder) -> _Term:
    """An outer or elementwise product: both terms with the axes of both."""
    labels = left.labels + "".join(c for c in right.labels if c not in left.labels)
    return _Term(value=b.add("Mul", *(_spread(t, labels, b) for t in (left, right))), labels=labels)


def _spread(term: _Term, labels: str, b: Builder) -> str:
    """The term with an axis for every label, of size 1 where it has none."""
    present = "".join(c for c in labels if c in term.labels)
    value = _arranged(term, present, b)
    sizes = dict(zip(present, b.shape(value), strict=True))
    return b.reshape(value, [sizes.get(c, 1) for c in labels])


def _summed(term: _Term, needed: str, b: Builder) -> _Term:
    """The term without the axes whose labels nothing else needs."""
    axes = [i for i, c in enumerate(term.labels) if c not in needed]
    if not axes:
        return term
    value = b.add("ReduceSum", term.value, np.array(axes, np.int64), keepdims=0)
    return _Term(value=value, labels="".join(c for c in term.labels if c in needed))


def _arranged(term: _Term, labels: str, b: Builder) -> str:
    """The term with its axes in the order of ``labels``."""
    return b.transpose(term.value, [term.labels.index(c) for c in labels])


RULES = (Rule(name="einsum", ops=("Einsum",), apply=_einsum),)
