"""Operators that only move numbers: reshapes, transposes, cuts and joins, pads."""

from __future__ import annotations

from math import prod

import numpy as np

from tests.fuzz.draft import Draft, Value

_ANY = ("float", "int64", "int32", "bool")


def any_value(d: Draft, ranks=range(1, 7), **rest) -> Value:
    return d.operand("float", *(_ANY[1:] if d.choose.chance(15) else ()), ranks=ranks, **rest)


def _reshape(d: Draft) -> None:
    x = any_value(d, range(7))
    target = factors(d, x.array.size)
    if target and d.choose.chance(35):
        target[d.choose.integer(0, len(target) - 1)] = -1
    for axis, size in enumerate(target):
        if axis < x.rank and size == x.shape[axis] and d.choose.chance(20):
            target[axis] = 0
    d.add("Reshape", [x, d.ints(target) if target else d.constant(np.zeros(0, np.int64))])


def factors(d: Draft, size: int) -> list[int]:
    """A shape of ``size`` elements, of rank up to 6."""
    left, shape = size, []
    for _ in range(d.choose.integer(1, 5)):
        factor = d.choose.of([f for f in range(1, left + 1) if left % f == 0])
        shape.append(factor)
        left //= factor
    return [*shape, left] if left > 1 or d.choose.chance(30) else shape


def _transpose(d: Draft) -> None:
    x = any_value(d)
    perm = d.choose.some(range(x.rank), least=x.rank)
    d.add("Transpose", [x], perm=d.choose.of([perm, perm, None]))


def _flatten(d: Draft) -> None:
    x = any_value(d)
    d.add("Flatten", [x], axis=d.choose.of([None, *range(-x.rank if d.opset >= 11 else 0, x.rank + 1)]))


def _squeeze(d: Draft) -> None:
    x = any_value(
        d, where=lambda v: 1 in v.shape, shape=lambda: d.choose.of([(1, 3), (3, 1, 1), (1, 2, 1, 5)])
    )
    ones = [a for a, s in enumerate(x.shape) if s == 1]
    axes = sorted(d.choose.some(ones, least=0))
    if d.opset >= 11:
        axes = [a - x.rank if d.choose.chance(20) else a for a in axes]
    if d.opset < 13:
        d.add("Squeeze", [x], axes=axes or None)
    else:
        d.add("Squeeze", [x, *([d.ints(axes)] if axes else [])])


def _unsqueeze(d: Draft) -> None:
    x = any_value(d, range(5))
    count = d.choose.integer(1, 2)
    rank = x.rank + count
    axes = d.choose.some(range(rank), least=count, most=count)
    if d.opset < 11:
        axes.sort()
    else:
        axes = [a - rank if d.choose.chance(20) else a for a in axes]
    if d.opset < 13:
        d.add("Unsqueeze", [x], axes=axes)
    else:
        d.add("Unsqueeze", [x, d.ints(axes)])


def _expand(d: Draft) -> None:
    x = any_value(d, range(6))
    shape = [d.choose.integer(1, 4) if s == 1 else d.choose.of([s, 1]) for s in x.shape]
    if d.choose.chance(25):
        shape = [d.choose.integer(1, 3), *shape]
    d.add("Expand", [x, d.ints(shape)] if shape else [x, d.constant(np.asarray([2, 3]))])


def _tile(d: Draft) -> None:
    x = any_value(d)
    d.add("Tile", [x, d.ints([d.choose.of([1, 1, 2, 3]) for _ in x.shape])])


def _concat(d: Draft) -> None:
    x = any_value(d)
    axis = d.choose.integer(0, x.rank - 1)
    others: list[Value | str] = []
    for _ in range(d.choose.of([1, 2, 0, 3])):
        fitting = [v for v in reversed(d.values) if v.kind == x.kind and _joins(v.shape, x.shape, axis)]
        if d.choose.chance(25):
            others.append(d.weight((*x.shape[:axis], d.choose.integer(1, 3), *x.shape[axis + 1 :]), x.kind))
        else:
            others.append(d.choose.of(fitting))
    given = axis - x.rank if d.opset >= 11 and d.choose.chance(30) else axis
    d.add("Concat", [*others, x] if d.choose.chance(30) else [x, *others], axis=given)


def _joins(a: tuple[int, ...], b: tuple[int, ...], axis: int) -> bool:
    return len(a) == len(b) and a[:axis] == b[:axis] and a[axis + 1 :] == b[axis + 1 :]


def _split(d: Draft) -> None:
    x = any_value(d, where=lambda v: max(v.shape) > 1)
    axis = d.choose.of([a for a, s in enumerate(x.shape) if s > 1])
    size = x.shape[axis]
    parts = d.choose.integer(2, min(size, 4))
    given = axis - x.rank if d.opset >= 11 and d.choose.chance(30) else axis
    if size % parts == 0 and d.choose.chance(40):
        extra = {"num_outputs": parts} if d.opset >= 18 else {}
        d.add("Split", [x], outputs=parts, axis=given, **extra)
        return
    if d.opset >= 18 and d.choose.chance(30):
        d.add("Split", [x], outputs=parts, axis=given, num_outputs=parts)
        return
    cuts = sorted(d.choose.some(range(1, size), least=parts - 1, most=parts - 1))
    sizes = [b - a for a, b in zip([0, *cuts], [*cuts, size], strict=True)]
    if d.opset < 13:
        d.add("Split", [x], outputs=parts, axis=given, split=sizes)
    else:
        d.add("Split", [x, d.ints(sizes)], outputs=parts, axis=given)


def _slice(d: Draft) -> None:
    x = any_value(d)
    axes = d.choose.some(range(x.rank), least=1)
    starts, ends, steps = [], [], []
    for axis in axes:
        size = x.shape[axis]
        step = d.choose.of([1, 1, 1, 2, -1, 3, -2]) if d.opset >= 10 else 1
        first, last = d.choose.integer(0, size - 1), d.choose.integer(0, size - 1)
        low, high = min(first, last), max(first, last)
        start, end = (low, high + 1) if step > 0 else (high, low - 1)
        if end < 0 or (end >= size and d.choose.chance(40)):
            end = d.choose.of([2**31 - 1, 2**63 - 1]) if step > 0 else d.choose.of([-(2**31), -size - 1])
        elif d.choose.chance(25):
            start, end = start - size, (end - size if 0 <= end < size else end)
        starts.append(start)
        ends.append(end)
        steps.append(step)
    if d.opset < 10:
        d.add("Slice", [x], starts=starts, ends=ends, axes=axes)
        return
    given = [a - x.rank if d.choose.chance(20) else a for a in axes]
    names = [d.ints(starts), d.ints(ends), d.ints(given)]
    if any(s != 1 for s in steps) or d.choose.chance(40):
        names.append(d.ints(steps))
    d.add("Slice", [x, *names])


def _pad(d: Draft) -> None:
    modes = ["constant", None, "reflect", "edge", *(["wrap"] if d.opset >= 19 else [])]
    mode = d.choose.of(modes)
    x = d.operand("float", *(("int32", "int64") if d.opset >= 11 and d.choose.chance(12) else ()))
    axes = list(range(x.rank))
    if d.opset >= 18 and d.choose.chance(25):
        axes = d.choose.some(axes, least=1)
    least = -1 if mode in (None, "constant") and d.choose.chance(20) else 0
    most = {"reflect": [max(0, x.shape[a] - 1) for a in axes], "wrap": [x.shape[a] for a in axes]}
    limits = most.get(mode or "", [3] * len(axes))
    pads = [d.choose.integer(least, min(3, m)) for m in (*limits, *limits)]
    value = d.choose.of([None, 0.0, 1.5])
    if d.opset < 11:
        d.add("Pad", [x], mode=mode, pads=pads, value=value)
        return
    names = [d.ints(pads), d.scalar(value, x.kind) if value is not None else ""]
    if len(axes) < x.rank:
        names.append(d.ints([a - x.rank if d.choose.chance(20) else a for a in axes]))
    d.add("Pad", [x, *names], mode=mode)


def _depth_to_space(d: Draft) -> None:
    block = d.choose.of([2, 3])
    x = d.operand(
        ranks=(4,), where=lambda v: v.shape[1] % block**2 == 0, shape=lambda: (1, block**2 * 2, 3, 2)
    )
    mode = d.choose.of([None, "DCR", "CRD"]) if d.opset >= 11 else None
    d.add("DepthToSpace", [x], blocksize=block, mode=mode)


def _space_to_depth(d: Draft) -> None:
    block = d.choose.of([2, 3])
    x = d.operand(
        ranks=(4,),
        where=lambda v: v.shape[2] % block == v.shape[3] % block == 0,
        shape=lambda: (1, 3, block, block * 2),
    )
    d.add("SpaceToDepth", [x], blocksize=block)


def _trilu(d: Draft) -> None:
    x = d.operand("float", *(("int64", "bool") if d.choose.chance(15) else ()), ranks=range(2, 6))
    k = [d.constant(np.asarray(d.choose.integer(-3, 3)))] if d.choose.chance(60) else []
    d.add("Trilu", [x, *k], upper=d.choose.of([None, 0]))


def _center_crop_pad(d: Draft) -> None:
    x = d.operand()
    axes = d.choose.some(range(x.rank), least=1)
    d.add("CenterCropPad", [x, d.ints([d.choose.integer(1, 7) for _ in axes])], axes=axes)


def _reverse_sequence(d: Draft) -> None:
    x = d.operand(ranks=range(2, 5))
    batch = d.choose.of([0, 1])
    lengths = [d.choose.integer(1, x.shape[1 - batch]) for _ in range(x.shape[batch])]
    d.add("ReverseSequence", [x, d.constant(np.asarray(lengths))], batch_axis=batch, time_axis=1 - batch)


def _col2im(d: Draft) -> None:
    height, width, block = (
        d.choose.integer(2, 5),
        d.choose.integer(2, 5),
        d.choose.of([(2, 2), (1, 2), (2, 1)]),
    )
    columns = (height - block[0] + 1) * (width - block[1] + 1)
    shape = (1, 2 * prod(block), columns)
    x = d.operand(ranks=(3,), where=lambda v: v.shape == shape, shape=lambda: shape)
    d.add("Col2Im", [x, d.ints([height, width]), d.ints(block)])


TABLE = {
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Expand": _expand,
    "Tile": _tile,
    "Concat": _concat,
    "Split": _split,
    "Slice": _slice,
    "Pad": _pad,
    "DepthToSpace": _depth_to_space,
    "SpaceToDepth": _space_to_depth,
    "Trilu": _trilu,
    "CenterCropPad": _center_crop_pad,
    "ReverseSequence": _reverse_sequence,
    "Col2Im": _col2im,
}
