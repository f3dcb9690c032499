"""Over which elements a statistic is taken, also where the exporter has reshaped the map in between.

A map is seen as its elements in row-major order, which no Reshape changes. A statistic over the last
axes groups them into G runs of equal length: ``Trailing(G)``, whatever the shape. A statistic over other
axes is known by the shape and the axes: ``Across(shape, axes)``, and needs that very shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Trailing:
    """Statistics over runs of consecutive elements, ``groups`` of them."""

    groups: int


@dataclass(frozen=True, slots=True)
class Across:
    """Statistics over ``axes`` (without those of size 1) of a map of this shape."""

    shape: Shape
    axes: Shape


Grouping = Trailing | Across


def grouping(shape: Shape, axes: Shape) -> Grouping:
    """The grouping of a reduction of a map of ``shape`` over ``axes``."""
    wide = tuple(a for a in sorted(axes) if shape[a] != 1)
    first = wide[0] if wide else len(shape)
    kept_after = [a for a in range(first, len(shape)) if a not in wide and shape[a] != 1]
    return Across(shape, wide) if kept_after else Trailing(prod(shape[:first]))


def matches(found: Grouping, map_shape: Shape, statistic_shape: Shape) -> bool:
    """Whether a statistic of this shape, broadcast to the map, meets the elements it is taken from."""
    rank = len(map_shape)
    if len(statistic_shape) > rank:
        return False
    padded = (1,) * (rank - len(statistic_shape)) + statistic_shape
    if isinstance(found, Across):
        kept = tuple(1 if i in found.axes else d for i, d in enumerate(found.shape))
        return map_shape == found.shape and padded == kept
    return any(
        prod(map_shape[:k]) == found.groups and padded == map_shape[:k] + (1,) * (rank - k)
        for k in range(rank + 1)
    )


def axes_in(found: Grouping, shape: Shape) -> Shape | None:
    """The axes that this grouping means in a map of ``shape``; None where it cuts an axis in two."""
    if isinstance(found, Across):
        return found.axes if shape == found.shape else None
    for k in range(len(shape) - 1, -1, -1):
        if prod(shape[:k]) == found.groups:
            return tuple(range(k, len(shape)))
    return None


def channel_groups(found: Grouping, shape: Shape) -> int | None:
    """The number of groups of channels (axis 1) that this grouping means; None where it means none."""
    if isinstance(found, Across) or len(shape) < 3 or found.groups % shape[0]:
        return None
    groups = found.groups // shape[0]
    return groups if groups and shape[1] % groups == 0 else None
