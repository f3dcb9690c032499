"""GridSample as gathers of rows of channels, weighted where it interpolates.

::

    X  N C H W  ──  [N·H·W, C]  ── Gather ─┐
    grid ── positions ── cells, weights ───┴─ weighted sum  [N·P, C]  ──  N C H' W'

Positions are computed as ONNX Runtime computes them (its ``cpu/tensor/grid_sample.cc``): in float32
and in its order, for the cell that a tie of nearest takes depends on it. Cells outside are
mapped one by one, after floor: what PyTorch does too. A constant grid leaves constant cells and weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from mobilekit.legalise.arithmetic import Arithmetic, Number
from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule

_CUBIC_A = -0.75
_FAR = 1e9
"""Positions further out are taken for this one: an int32 holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tap:
    """The cells that all positions read along one axis, ``[N·P, 1]`` in int32, and how much of each."""

    cell: Number
    weight: Number | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sampler:
    """How a grid's numbers become cells and weights."""

    compute: Arithmetic
    mode: str
    padding: str
    corners: bool

    def taps(self, position: Number, size: int) -> list[_Tap]:
        """The taps along an axis of ``size`` cells for grid coordinates in −1 … 1."""
        return self.at(self._on(position, size), size)

    def at(self, pixel: Number, size: int) -> list[_Tap]:
        """The taps for positions counted in cells."""
        return [self._inside(cell, weight, size) for cell, weight in self._around(pixel)]

    def _on(self, position: Number, size: int) -> Number:
        do = self.compute
        if self.corners:
            return do("Mul", do("Div", do("Add", position, 1.0), 2.0), float(size - 1))
        return do("Div", do("Sub", do("Mul", do("Add", position, 1.0), float(size)), 1.0), 2.0)

    def _around(self, x: Number) -> Iterator[tuple[Number, Number | None]]:
        """Whole numbers near ``x`` and their weights."""
        do = self.compute
        if self.mode == "nearest":
            yield do("Round", x), None
            return
        low = do("Floor", x)
        if self.mode == "linear":
            high = do("Add", low, 1.0)
            yield low, do("Sub", high, x)
            yield high, do("Sub", x, low)
            return
        fraction = do("Sub", x, low)
        rest = do("Sub", 1.0, fraction)
        weights = (
            self._far_weight(do("Add", fraction, 1.0)),
            self._near_weight(fraction),
            self._near_weight(rest),
            self._far_weight(do("Add", rest, 1.0)),
        )
        for offset, weight in zip((-1.0, 0.0, 1.0, 2.0), weights, strict=True):
            yield do("Add", low, offset), weight

    def _near_weight(self, d: Number) -> Number:
        """Keys' kernel up to distance 1: ((a + 2)·d − (a + 3))·d² + 1."""
        do, a = self.compute, _CUBIC_A
        slope = do("Sub", do("Mul", d, a + 2), a + 3)
        return do("Add", do("Mul", do("Mul", slope, d), d), 1.0)

    def _far_weight(self, d: Number) -> Number:
        """Keys' kernel from distance 1 to 2: ((a·d − 5·a)·d + 8·a)·d − 4·a."""
        do, a = self.compute, _CUBIC_A
        first = do("Add", do("Mul", do("Sub", do("Mul", d, a), 5 * a), d), 8 * a)
        return do("Sub", do("Mul", first, d), 4 * a)

    def _inside(self, cell: Number, weight: Number | None, size: int) -> _Tap:
        """Cells beyond the border as the padding mode has them."""
        do = self.compute
        if self.padding == "reflection":
            return _Tap(cell=self._reflected(cell, size), weight=weight)
        held = do.clip(cell, 0.0, float(size - 1))
        if self.padding == "zeros":
            mask = do.cast(do("Equal", cell, held), np.float32)
            weight = mask if weight is None else do("Mul", weight, mask)
        return _Tap(cell=do.cast(held, np.int32), weight=weight)

    def _reflected(self, cell: Number, size: int) -> Number:
        """There and back again: about the outer cells' centres (align_corners) or their edges."""
        do = self.compute
        period = 2 * (size - 1) if self.corners else 2 * size
        whole = do.cast(do.clip(cell, -_FAR, _FAR), np.int32)
        if period == 0:
            return do("Mul", whole, np.int32(0))
        there = do("Mod", whole, np.int32(period))
        back = do("Sub", np.int32(period if self.corners else period - 1), there)
        return do("Min", there, back)


def _grid_sample(node: Node, b: Builder) -> Replacement | Refusal:
    x, grid = node.inputs
    batch, channels, *sizes = b.shape(x)
    if node["mode"] == "cubic" and len(sizes) != 2:
        return Refusal(got=f"mode=cubic on {len(sizes)} spatial axes", hint="sample volumes linearly")
    do = Arithmetic(b)
    sampler = _Sampler(
        compute=do, mode=node["mode"], padding=node["padding_mode"], corners=bool(node["align_corners"])
    )
    positions = prod(b.shape(grid)[1:-1])
    rank = b.rank(x)
    flat = do.known(b.reshape(grid, (batch * positions, len(sizes))))
    axes = [sampler.taps(_column(flat, len(sizes) - 1 - axis, do), size) for axis, size in enumerate(sizes)]
    found = _found(x, axes, positions, do)
    result = b.reshape(found, (batch, *b.shape(grid)[1:-1], channels))
    return b.transpose(result, (0, rank - 1, *range(1, rank - 1)))


def sampled_rows(x: str, pixels: Sequence[Number], b: Builder) -> str:
    """``[N·P, C]``: ``x`` at positions counted in cells (``[N·P, 1]`` per axis), linear, zero outside."""
    batch, _, *sizes = b.shape(x)
    do = Arithmetic(b)
    sampler = _Sampler(compute=do, mode="linear", padding="zeros", corners=True)
    axes = [sampler.at(pixel, size) for pixel, size in zip(pixels, sizes, strict=True)]
    first = pixels[0]
    count = b.shape(first)[0] if isinstance(first, str) else len(first)
    return _found(x, axes, count // batch, do)


def _found(x: str, axes: list[list[_Tap]], positions: int, do: Arithmetic) -> str:
    """Rows of channels, ``positions`` for each image."""
    b = do.b
    batch, channels, *sizes = b.shape(x)
    rows = b.reshape(b.transpose(x, (0, *range(2, b.rank(x)), 1)), (batch * prod(sizes), channels))
    first = np.repeat(np.arange(batch, dtype=np.int32), positions)[:, None] * np.int32(prod(sizes))
    return _weighted(rows, axes, sizes, first, do)


def _column(flat: Number, index: int, do: Arithmetic) -> Number:
    """One coordinate of all positions: the grid has the innermost axis first."""
    if isinstance(flat, str):
        return do.b.slice(flat, 1, index, index + 1)
    return flat[:, index : index + 1]


def _weighted(rows: str, axes: list[list[_Tap]], sizes: list[int], start: Number, do: Arithmetic) -> str:
    """The weighted sum over the taps of all axes, innermost first."""
    if not axes:
        count = do.b.shape(start)[0] if isinstance(start, str) else len(start)
        return do.b.add("Gather", rows, do.value(do.cast(do.reshape(start, (count,)), np.int64)), axis=0)
    stride = np.int32(prod(sizes[1:]))
    terms = []
    for tap in axes[0]:
        place = do("Add", start, do("Mul", tap.cell, stride))
        found = _weighted(rows, axes[1:], sizes[1:], place, do)
        terms.append(found if tap.weight is None else do.b.add("Mul", found, tap.weight))
    return do.b.chain("Add", terms)


RULES = (Rule(name="grid-sample", ops=("GridSample",), apply=_grid_sample),)
