"""Means, variances and deviations as exporters write them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

from mobilekit.normalise.grouping import Grouping, grouping, matches

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node

_CLOSE = 1e-6
# What only keeps zero from being divided by zero: float32 values that large have no digits below it.
_NEGLIGIBLE = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """``factor`` times the mean of the value ``of``."""

    of: str
    group: Grouping
    factor: float = 1.0
    squared: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether this is a mean, not a multiple of one."""
        return abs(self.factor - 1) < _CLOSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """``sqrt(factor · power + epsilon) + outside``, of the variance of ``of`` or its mean square."""

    of: str
    group: Grouping
    factor: float
    epsilon: float
    centred: bool
    outside: float = 0.0


def base(editor: Editor, name: str) -> str:
    """The value before any Reshapes."""
    node = editor.producer(name)
    while node is not None and node.is_op("Reshape"):
        name = node.inputs[0]
        node = editor.producer(name)
    return name


def made_by(editor: Editor, name: str, *ops: str) -> Node | None:
    """The node of one of these operators that computes a value, Reshapes aside."""
    node = editor.producer(base(editor, name))
    return node if node is not None and node.is_op(*ops) else None


def number(editor: Editor, name: str) -> float | None:
    """The value of a float constant whose elements are all equal."""
    value = editor.constant_of(name)
    if (
        value is None
        or value.size == 0
        or value.dtype.kind not in "fiu"
        or (value != value.reshape(-1)[0]).any()
    ):
        return None
    return float(value.reshape(-1)[0])


def with_number(editor: Editor, node: Node) -> tuple[str, float] | None:
    """``(value, number)`` of a binary node one of whose inputs is a number, in either order."""
    for index in (1, 0):
        constant = number(editor, node.inputs[index])
        if constant is not None:
            return node.inputs[1 - index], constant
    return None


def mean(editor: Editor, name: str) -> Mean | None:
    """A mean: ReduceMean, GlobalAveragePool, a pool over everything, or a sum times a number."""
    node = made_by(
        editor,
        name,
        "ReduceMean",
        "ReduceSum",
        "ReduceSumSquare",
        "GlobalAveragePool",
        "AveragePool",
        "Mul",
        "Div",
    )
    if node is None:
        return None
    if node.op in ("Mul", "Div"):
        pair = with_number(editor, node)
        if pair is None or (node.op == "Div" and pair[0] != node.inputs[0]):
            return None
        inner = mean(editor, pair[0])
        factor = pair[1] if node.op == "Mul" else 1 / pair[1] if pair[1] else 0.0
        return replace(inner, factor=inner.factor * factor) if inner else None
    of, shape = node.inputs[0], editor.shape(node.inputs[0])
    axes = _axes(editor, node, shape)
    if axes is None:
        return None
    count = prod(shape[a] for a in axes)
    total = node.op in ("ReduceSum", "ReduceSumSquare")
    return Mean(
        of=of,
        group=grouping(shape, axes),
        factor=float(count) if total else 1.0,
        squared=node.op == "ReduceSumSquare",
    )


def _axes(editor: Editor, node: Node, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    rank = len(shape)
    if node.op == "GlobalAveragePool":
        return tuple(range(2, rank))
    if node.op == "AveragePool":
        whole = tuple(node.attribute("kernel_shape", ())) == shape[2:] and not any(node.attribute("pads", ()))
        return (
            tuple(range(2, rank))
            if whole and editor.shape(node.outputs[0])[2:] == (1,) * (rank - 2)
            else None
        )
    if not node.input(1):
        return tuple(range(rank)) if not node.attribute("noop_with_empty_axes", 0) else None
    axes = editor.constant_of(node.inputs[1])
    return None if axes is None or not axes.size else tuple(sorted(int(a) % rank for a in axes))


def centred(editor: Editor, name: str) -> tuple[str, Mean] | None:
    """``(x, mean of x)`` of a value that is x − mean(x)."""
    node = made_by(editor, name, "Sub")
    if node is None:
        return None
    found = mean(editor, node.inputs[1])
    x = node.inputs[0]
    if found is None or found.squared or not found.is_plain or base(editor, found.of) != base(editor, x):
        return None
    return (x, found) if matches(found.group, editor.shape(x), editor.shape(node.inputs[1])) else None


def square(editor: Editor, name: str, group: Grouping | None = None) -> str | None:
    """The x of a value that is x²; or x·(x + a), whose mean over ``group`` is that of x² if x's own is 0.

    Factors of other shapes are no square: [4, 1] times [1, 4] is every product of two.
    """
    node = made_by(editor, name, "Mul", "Pow")
    if node is None or editor.shape(node.inputs[0]) != editor.shape(node.outputs[0]):
        return None
    if node.op == "Pow":
        return node.inputs[0] if number(editor, node.inputs[1]) == 2.0 else None
    if editor.shape(node.inputs[1]) != editor.shape(node.inputs[0]):
        return None
    for one, other in (node.inputs, node.inputs[::-1]):
        if base(editor, one) == base(editor, other):
            return one
        shifted = made_by(editor, other, "Add")
        pair = with_number(editor, shifted) if shifted else None
        inner = centred(editor, one) if pair and base(editor, pair[0]) == base(editor, one) else None
        if inner is not None and inner[1].group == group:
            return one
    return None


def mean_square(editor: Editor, name: str) -> Mean | None:
    """A mean of squares: ``of`` is what is squared."""
    found = mean(editor, name)
    if found is None or found.squared:
        return found
    squared = square(editor, found.of, found.group)
    return replace(found, of=squared) if squared else None


def variance(editor: Editor, name: str) -> Mean | None:
    """A multiple of a variance: E[(x − E[x])²], or E[x²] − E[x]² (also kept above zero by Relu or Max)."""
    found = mean_square(editor, name)
    if found is not None:
        inner = centred(editor, found.of)
        same = inner is not None and inner[1].group == found.group
        return replace(found, of=inner[0]) if inner and same else None
    node = made_by(editor, name, "Sub", "Relu", "Max", "Clip", "Mul", "Div")
    if node is None:
        return None
    if node.op in ("Relu", "Max", "Clip"):
        return variance(editor, node.inputs[0]) if _keeps_positive(editor, node) else None
    if node.op in ("Mul", "Div"):
        pair = with_number(editor, node)
        inner_variance = (
            variance(editor, pair[0]) if pair and (node.op == "Mul" or pair[0] == node.inputs[0]) else None
        )
        if pair is None or inner_variance is None or pair[1] <= 0:
            return None
        return replace(
            inner_variance, factor=inner_variance.factor * (pair[1] if node.op == "Mul" else 1 / pair[1])
        )
    power, other = mean_square(editor, node.inputs[0]), square(editor, node.inputs[1])
    average = mean(editor, other) if other else None
    if power is None or average is None or not (power.is_plain and average.is_plain) or average.squared:
        return None
    same = power.group == average.group and base(editor, power.of) == base(editor, average.of)
    return power if same else None


def _keeps_positive(editor: Editor, node: Node) -> bool:
    """Relu, Max(·, 0), Clip(·, 0, none): they change a variance only where rounding made it negative."""
    if node.op == "Relu":
        return True
    low = number(editor, node.input(1)) if node.input(1) else None
    return low == 0.0 and not node.input(2)


def root_of(editor: Editor, name: str) -> tuple[Deviation, int] | None:
    """``(σ, 1)`` of √(power + ε), also kept above a tiny number or with one added; ``(σ, −1)`` of 1/√."""
    node = made_by(editor, name, "Sqrt", "Pow", "ReduceL2", "Add", "Max", "Clip")
    if node is None:
        return None
    if node.op == "ReduceL2":
        found = _length(editor, node)
        return (found, 1) if found else None
    if node.op in ("Add", "Max", "Clip"):
        return _above_zero(editor, node)
    power = 0.5 if node.op == "Sqrt" else number(editor, node.inputs[1])
    under = _under_root(editor, node.inputs[0]) if power in (0.5, -0.5) else None
    return (under, 1 if power == 0.5 else -1) if under else None


def _length(editor: Editor, node: Node) -> Deviation | None:
    """√Σx²."""
    of, shape = node.inputs[0], editor.shape(node.inputs[0])
    axes = _axes(editor, node, shape)
    if axes is None:
        return None
    count = float(prod(shape[a] for a in axes))
    inner = centred(editor, of)
    group = grouping(shape, axes)
    if inner is not None and inner[1].group == group:
        return Deviation(of=inner[0], group=group, factor=count, epsilon=0.0, centred=True)
    return Deviation(of=of, group=group, factor=count, epsilon=0.0, centred=False)


def _above_zero(editor: Editor, node: Node) -> tuple[Deviation, int] | None:
    """σ + ε; or max(σ, ε) with an ε that only keeps zero from being divided by."""
    if node.op == "Clip":
        low = number(editor, node.input(1)) if node.input(1) and not node.input(2) else None
        pair = None if low is None else (node.inputs[0], low)
    else:
        pair = with_number(editor, node)
    inner = root_of(editor, pair[0]) if pair else None
    if pair is None or inner is None or inner[1] != 1 or pair[1] < 0 or inner[0].outside:
        return None
    found, number_ = inner[0], pair[1]
    if node.op == "Add" and number_ > _NEGLIGIBLE:
        return replace(found, outside=number_), 1
    if number_ > _NEGLIGIBLE:
        return None
    return replace(found, epsilon=max(found.epsilon, number_**2)), 1


def _under_root(editor: Editor, name: str) -> Deviation | None:
    epsilon, power = 0.0, name
    node = made_by(editor, name, "Add", "Max", "Clip")
    if node is not None:
        pair = with_number(editor, node) if node.op == "Add" else _kept_above(editor, node)
        if pair is None:
            return None
        power, epsilon = pair
    spread = variance(editor, power)
    found = spread or mean_square(editor, power)
    if found is None or found.factor <= 0 or epsilon < 0:
        return None
    return Deviation(
        of=found.of, group=found.group, factor=found.factor, epsilon=epsilon, centred=spread is not None
    )


def _kept_above(editor: Editor, node: Node) -> tuple[str, float] | None:
    """max(power, ε), where ε is so small that it may as well be added."""
    if node.op == "Clip":
        low = number(editor, node.input(1)) if node.input(1) and not node.input(2) else None
        pair = None if low is None else (node.inputs[0], low)
    else:
        pair = with_number(editor, node) if len(node.inputs) == 2 else None
    return pair if pair and 0 <= pair[1] <= _NEGLIGIBLE**2 else None
