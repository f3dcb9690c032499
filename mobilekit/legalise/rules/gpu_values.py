"""What LiteRT's GPU accelerator computes by other means: powers, running sums, indices.

Its power takes the logarithm of the base, and a negative one has none. It takes running sums that are
exclusive or go backwards, and computes inclusive ones forwards. It turns channels around in fours, and
fills odd fours up with zeros, which compete for the greatest. It has no 64-bit integers; an index never
needs them. (ML Drift in LiteRT 2.3.0, SwiftShader.)
"""

from __future__ import annotations

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.rules.mathematics import is_non_negative
from mobilekit.legalise.rules.pool import lowest_of

_OWN = 3  # it multiplies for exponents up to here
_TOGETHER = 4  # channels that it keeps together
_HIGHEST_RANK = 4  # of more axes it takes nothing, and the CPU pads five at most


def _power(node: Node, b: Builder) -> Replacement | None:
    """|x|^y with the sign that x has where y is odd; y constant whole numbers, or not known."""
    x, y = node.inputs
    exponent = b.constant(y)
    if not b.type(x).is_float or is_non_negative(x, b):
        return None
    if exponent is None:
        return _by_parity(x, y, b)
    if exponent.size == 1 and exponent.reshape(()) in range(_OWN + 1):
        return None
    if not np.all(exponent == np.trunc(exponent)):
        return None  # of a negative number it would be NaN
    size = b.add("Pow", b.add("Abs", x), y)
    odd = np.abs(np.fmod(exponent, 2)) == 1
    if not np.any(odd):
        return size
    sign = b.add("Sign", x)
    if not np.all(odd):
        even = np.where(odd, 0, 1).astype(exponent.dtype)
        sign = b.add("Add", b.add("Mul", sign, 1 - even), even)
    return b.add("Mul", sign, size)


def _by_parity(x: str, y: str, b: Builder) -> str:
    """1 − 2·(x < 0 and y odd), times |x|^y."""
    kind = b.dtype(x)
    odd = b.add("Mod", b.add("Abs", y), 2.0, fmod=1)
    negative = b.cast(b.add("Less", x, np.zeros((), kind)), kind)
    whole = b.cast(b.add("Equal", odd, np.ones((), kind)), kind)
    turned = b.add("Mul", b.add("Mul", negative, whole), -2.0)
    return b.add("Mul", b.add("Add", turned, 1.0), b.add("Pow", b.add("Abs", x), y))


def _running_sum(node: Node, b: Builder) -> Replacement | None:
    """Only forwards and including each element: others turned around, or moved on by one."""
    x, along = node.inputs
    axes = b.ints(along)
    if axes is None or not b.type(x).is_float or not (node["reverse"] or node["exclusive"]):
        return None  # integers it refuses
    rank = b.rank(x)
    if rank > _HIGHEST_RANK:
        return None
    axis, size = axes[0] % rank, b.shape(x)[axes[0] % rank]
    if node["reverse"]:
        turned = b.slice(x, axis, size - 1, -size - 1, -1)
        total = b.add("CumSum", turned, along, exclusive=node["exclusive"])
        return b.slice(total, axis, size - 1, -size - 1, -1)
    before = tuple(int(place == axis) for place in range(rank))
    moved = b.add("Pad", b.add("CumSum", x, along), (*before, *(0,) * rank), mode="constant")
    return b.slice(moved, axis, 0, size)


def _backwards(node: Node, b: Builder) -> Replacement | None:
    """The rows of an axis by their numbers, where it may be that of channels, more than four and odd."""
    x, *limits = node.inputs
    starts, ends, axes, steps = (b.ints(limit) for limit in limits) if len(limits) == 4 else (None,) * 4
    if not (starts and ends and axes and steps) or len(axes) > 1 or steps[0] > 0:
        return None
    axis = axes[0]
    places = range(b.shape(x)[axis])[slice(starts[0], ends[0], steps[0])]
    if len(places) < _TOGETHER or len(places) % _TOGETHER == 0 or axis not in (1, b.rank(x) - 1):
        return None
    return b.add("Gather", x, np.array(places, np.int64), axis=axis)


def _arc(node: Node, b: Builder) -> Replacement | None:
    """Zero has no sign then: of the negative one it makes π."""
    x = node.inputs[0]
    producer = b.producer(x)
    if producer is not None and producer.op == "Add" and b.scalar(producer.inputs[1]) == 0:
        return None
    return b.add("Atan", b.add("Add", x, 0.0))


def _greatest(node: Node, b: Builder) -> Replacement | None:
    """ArgMax and TopK among channels: fours are filled up with the lowest number, not with zeros."""
    x = node.inputs[0]
    shape, rank = b.shape(x), b.rank(x)
    axis = node["axis"] % rank
    missing = -shape[axis] % _TOGETHER
    if not missing or axis not in (1, rank - 1) or not b.type(x).is_float or rank > _HIGHEST_RANK:
        return None
    after = tuple(missing if place == axis else 0 for place in range(rank))
    filled = b.add("Pad", x, (*(0,) * rank, *after), lowest_of(b.dtype(x)))
    if node.op == "ArgMax":
        return b.again(node, filled)
    return b.add_many("TopK", filled, *node.inputs[1:], outputs=2, **node.attributes)


def _index(node: Node, b: Builder) -> Replacement | None:
    """Indices that a Cast made 64-bit integers of become 32-bit ones."""
    x, indices, *rest = node.inputs
    narrow = _narrow(indices, b)
    return None if narrow is None else b.again(node, x, narrow, *rest)


def _narrow(value: str, b: Builder) -> str | None:
    """The same numbers as 32-bit integers, where a Cast from another type is behind them."""
    if b.is_constant(value) or b.dtype(value) != np.int64:
        return None
    producer = b.producer(value)
    if producer is None:
        return None
    if producer.op == "Cast":
        source = producer.inputs[0]
        return None if b.dtype(source) == np.int64 else b.cast(source, np.int32)
    if producer.op == "Reshape":
        inner = _narrow(producer.inputs[0], b)
        return None if inner is None else b.reshape(inner, b.shape(value))
    return None


RULES = (
    Rule(name="gpu-greatest", ops=("ArgMax", "TopK"), apply=_greatest),
    Rule(name="gpu-arc", ops=("Atan",), apply=_arc),
    Rule(name="gpu-running-sum", ops=("CumSum",), apply=_running_sum),
    Rule(name="gpu-backwards", ops=("Slice",), apply=_backwards),
    Rule(name="gpu-power", ops=("Pow",), apply=_power),
    Rule(name="gpu-index", ops=("Gather", "GatherND"), apply=_index),
)
