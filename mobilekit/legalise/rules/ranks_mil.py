"""Core ML has tensors of up to five axes: more are folded where the operator allows it.

::

    [N, C·r², H, W] ─ Reshape [N, C, r, r, H, W] ─ Transpose ─ Reshape     the axes that move together as one,
                                                                           in two transposes if still too many
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.rules.broadcast import BROADCASTING

MOST_AXES = 5
_UNARY = (
    "Abs", "Cast", "Ceil", "Clip", "Cos", "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish",
    "LeakyRelu", "Log", "Neg", "Not", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin",
    "Softplus", "Softsign", "Sqrt", "Tanh",
)  # fmt: skip


def _unary(node: Node, b: Builder, *, most: int) -> Replacement | None:
    """Element by element, a vector will do."""
    x, shape = node.inputs[0], b.shape(node.name)
    if len(shape) <= most:
        return None
    flat = b.reshape(x, (prod(shape),))
    return b.reshape(b.again(node, flat, *node.inputs[1:]), shape)


def _binary(node: Node, b: Builder, *, most: int) -> Replacement | None:
    """Neighbouring axes along which every operand is whole, or has one cell, are one axis."""
    shape = b.shape(node.name)
    if len(shape) <= most:
        return None
    lifted = [(1,) * (len(shape) - b.rank(v)) + b.shape(v) for v in node.inputs]
    groups = _groups(shape, lifted)
    if len(groups) > most:
        return None
    operands = [
        b.reshape(v, tuple(prod(s[a] for a in group) for group in groups))
        for v, s in zip(node.inputs, lifted, strict=True)
    ]
    return b.reshape(b.again(node, *operands), shape)


def _groups(shape: tuple[int, ...], operands: list[tuple[int, ...]]) -> list[list[int]]:
    """Axes that may be folded together: the same operands are whole along all of them."""
    groups: list[list[int]] = []
    last: tuple[bool, ...] | None = None
    for axis, size in enumerate(shape):
        whole = tuple(operand[axis] == size for operand in operands)
        if groups and (size == 1 or whole == last):
            groups[-1].append(axis)
        else:
            groups.append([axis])
        if size != 1 or last is None:
            last = whole
    return groups


def _transpose(node: Node, b: Builder, *, most: int) -> Replacement | None:
    """Axes that stay neighbours move as one; what is still too many moves one by one."""
    x, perm = node.inputs[0], tuple(node["perm"] or reversed(range(b.rank(node.inputs[0]))))
    shape = b.shape(x)
    if len(shape) <= most:
        return None
    runs: list[list[int]] = []
    for axis in (a for a in perm if shape[a] != 1):
        if runs and axis == _following(runs[-1][-1], shape):
            runs[-1].append(axis)
        else:
            runs.append([axis])
    order = sorted(range(len(runs)), key=lambda i: runs[i][0])
    sizes = [prod(shape[a] for a in runs[i]) for i in order]
    moved = _moved(b.reshape(x, tuple(sizes) or (1,)), [order.index(i) for i in range(len(runs))], b, most)
    return b.reshape(moved, b.shape(node.name))


def _following(axis: int, shape: tuple[int, ...]) -> int:
    """The next axis that has more than one cell."""
    return next((a for a in range(axis + 1, len(shape)) if shape[a] != 1), len(shape))


def _moved(x: str, perm: list[int], b: Builder, most: int) -> str:
    """A transpose of any rank, each of at most three axes: one more axis is in its place after each."""
    shape = list(b.shape(x))
    if len(perm) <= most:
        return b.transpose(x, perm) if len(perm) > 1 else x
    labels = list(range(len(perm)))
    for place, wanted in enumerate(perm):
        at = labels.index(wanted)
        if at == place:
            continue
        before, between = prod(shape[:place]), prod(shape[place:at])
        rest = prod(shape[at + 1 :])
        folded = b.reshape(x, (before, between, shape[at], rest))
        x = b.transpose(folded, (0, 2, 1, 3))
        labels.insert(place, labels.pop(at))
        shape.insert(place, shape.pop(at))
    return x


def _along(node: Node, b: Builder, *, most: int) -> Replacement | None:
    """Concat and Split along the middle of three axes."""
    rank = b.rank(node.inputs[0])
    axis = node["axis"] % rank
    if rank <= most:
        return None
    if node.op == "Concat":
        folded = [b.reshape(v, _around(b.shape(v), axis)) for v in node.inputs]
        return b.reshape(b.concat(folded, 1), b.shape(node.name))
    if not all(node.outputs) or not b.is_constant(node.input(1)):
        return None
    whole = b.reshape(node.inputs[0], _around(b.shape(node.inputs[0]), axis))
    parts = b.add_many("Split", whole, node.inputs[1], outputs=len(node.outputs), axis=1)
    return tuple(b.reshape(v, b.shape(name)) for v, name in zip(parts, node.outputs, strict=True))


def _around(shape: tuple[int, ...], axis: int) -> tuple[int, int, int]:
    return prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])


def _gather(node: Node, b: Builder, *, most: int) -> Replacement | None:
    """Indices as a vector, the data as the axes before, the axis, and those after."""
    x, indices = node.inputs
    if max(b.rank(x), b.rank(node.name), b.rank(indices)) <= most:
        return None
    axis = node["axis"] % b.rank(x)
    count = b.type(indices).size
    flat = b.add("Gather", b.reshape(x, _around(b.shape(x), axis)), b.reshape(indices, (count,)), axis=1)
    return b.reshape(flat, b.shape(node.name))


def _repeated(node: Node, b: Builder, *, most: int) -> Replacement | None:
    """Tile and Expand: axes that grow one after the other, each the middle of three."""
    x, shape = node.inputs[0], b.shape(node.name)
    if len(shape) <= most:
        return None
    given = [*(1,) * (len(shape) - b.rank(x)), *b.shape(x)]
    for axis, size in enumerate(shape):
        times = size // given[axis] if given[axis] else 1
        if times == 1:
            continue
        folded = b.reshape(x, (prod(given[:axis]), 1, prod(given[axis:])))
        x = b.add("Tile", folded, [1, times, 1])
        given[axis] = size
    return b.reshape(x, shape)


def _slice(node: Node, b: Builder, *, most: int) -> Replacement | None:
    """One axis after the other, as the middle of three."""
    x, shape = node.inputs[0], list(b.shape(node.inputs[0]))
    if len(shape) <= most or len(node.inputs) < 5:
        return None
    columns = [b.ints(name) for name in node.inputs[1:]]
    if any(column is None for column in columns):
        return None
    for start, end, axis, step in zip(*(c or () for c in columns), strict=True):
        folded = b.reshape(x, _around(tuple(shape), axis))
        cut = b.add("Slice", folded, [start], [end], [1], [step])
        shape[axis] = b.shape(cut)[1]
        x = b.reshape(cut, tuple(shape))
    return x


def _reduced(node: Node, b: Builder, *, most: int) -> Replacement | None:
    """The axes that stay as one, those that go as another."""
    x, axes = node.inputs[0], b.ints(node.input(1))
    shape = b.shape(x)
    if len(shape) <= most or not axes or not node.op.startswith("Reduce"):
        return None
    gone = sorted(a % len(shape) for a in axes)
    kept = [axis for axis in range(len(shape)) if axis not in gone]
    moved = b.transpose(x, [*kept, *gone])
    flat = b.reshape(moved, (prod(shape[a] for a in kept), prod(shape[a] for a in gone)))
    return b.reshape(b.add(node.op, flat, [1], keepdims=0), b.shape(node.name))


def _normed(node: Node, b: Builder, *, most: int) -> Replacement | None:
    """Softmax: the axes before, its own, and those after."""
    x, shape = node.inputs[0], b.shape(node.inputs[0])
    if len(shape) <= most:
        return None
    folded = b.reshape(x, _around(shape, node["axis"] % len(shape)))
    return b.reshape(b.add(node.op, folded, axis=1), shape)


def folded(most: int, prefix: str = "") -> tuple[Rule, ...]:
    """The rules for tensors of up to ``most`` axes (4 or more), their names with ``prefix``."""
    return tuple(
        Rule(name=f"{prefix}{name}", ops=ops, apply=partial(apply, most=most)) for name, ops, apply in _FOLDED
    )


_FOLDED: tuple[tuple[str, tuple[str, ...], Callable[..., Replacement | None]], ...] = (
    ("reduce-rank-mil", ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd"), _reduced),
    ("softmax-rank-mil", ("Softmax", "LogSoftmax"), _normed),
    ("unary-rank", _UNARY, _unary),
    ("binary-rank", BROADCASTING, _binary),
    ("transpose-rank", ("Transpose",), _transpose),
    ("concat-split-rank", ("Concat", "Split"), _along),
    ("gather-rank", ("Gather",), _gather),
    ("repeat-rank", ("Expand", "Tile"), _repeated),
    ("slice-rank", ("Slice",), _slice),
)

RULES = folded(MOST_AXES)
