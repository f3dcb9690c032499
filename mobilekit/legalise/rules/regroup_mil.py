"""Which axes of a tensor become which axes of another shape of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Axes ``before`` and the axes ``after`` with the same elements, in the same order; none of size 1."""

    before: tuple[int, ...]
    after: tuple[int, ...]


def groups_of(before: Sequence[int], after: Sequence[int]) -> tuple[Group, ...]:
    """The smallest groups of axes that a Reshape keeps apart, in order; both shapes have the same size.

    ::

        [1, 4, 80, 80]  →  [1, 2, 2, 6400]:   (1) → (1, 2),   (2, 3) → (3)
    """
    found: list[Group] = []
    left, right = _long(before), _long(after)
    while left and right:
        axes, places = [left.pop(0)], [right.pop(0)]
        while (size := _size(before, axes)) != (count := _size(after, places)):
            if size < count:
                axes.append(left.pop(0))
            else:
                places.append(right.pop(0))
        found.append(Group(before=tuple(axes), after=tuple(places)))
    return tuple(found)


def _long(shape: Sequence[int]) -> list[int]:
    return [axis for axis, size in enumerate(shape) if size != 1]


def _size(shape: Sequence[int], axes: Sequence[int]) -> int:
    return prod(shape[axis] for axis in axes)


def is_only_shape(shape: Sequence[int], perm: Sequence[int]) -> bool:
    """Whether permuting the axes of a tensor of ``shape`` moves nothing but axes of one cell."""
    moved = [axis for axis in perm if shape[axis] != 1]
    return moved == sorted(moved)


def order_before(before: Sequence[int], after: Sequence[int], perm: Sequence[int]) -> tuple[int, ...] | None:
    """The permutation of ``before`` of which ``after`` permuted by ``perm`` is a Reshape; None if none is.

    Axes of one cell stay in front where they are in front, and go to the end elsewhere.
    """
    owner = {axis: group for group in groups_of(before, after) for axis in group.after}
    order: list[int] = []
    waiting: list[int] = []
    for axis in perm:
        if after[axis] == 1:
            continue
        if not waiting:
            waiting = list(owner[axis].after)
            order += owner[axis].before
        if waiting.pop(0) != axis:
            return None
    first = min(order, default=len(before))
    ones = [axis for axis, size in enumerate(before) if size == 1]
    return (*(a for a in ones if a < first), *order, *(a for a in ones if a > first))
