"""MaxRoiPool, and RoiAlign with mode=max, of fixed regions: gathers of rows and columns, then maxima.

A bin of MaxRoiPool is a stretch of rows and columns; one of RoiAlign is every sample's four neighbours,
each weighed by itself (so ONNX defines it). Both are a table of rows and one of columns per region::

    X [1, C, H, W] ── rows [bins · rows] ── · weights ── ReduceMax per bin ── the same for columns
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule
from mobilekit.legalise.rules.roi_align import bins_of, samples_of

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_FIXED = "make the regions constant, or use mode=avg with a positive sampling_ratio"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """For each bin of an axis, the cells whose maximum it is, and their weights: ``[bins, cells]``."""

    cells: Array
    weights: Array


def _max_roi_pool(node: Node, b: Builder) -> Replacement | Refusal:
    rois = b.constant(node.inputs[1])
    if rois is None:
        return Refusal(got="rois computed at run time", hint=_FIXED)
    results = []
    for roi in rois.astype(np.float32):
        tables = [_stretches(node, axis, roi[1 + 1 - axis], roi[3 + 1 - axis], b) for axis in (0, 1)]
        results.append(_maximum(node.inputs[0], int(roi[0]), tables, b))
    return b.concat(results, 0)


def _stretches(node: Node, axis: int, start: float, end: float, b: Builder) -> _Table:
    """Bins from floor to ceil, by ONNX Runtime's arithmetic; empty ones have weight zero."""
    bins, size = node["pooled_shape"][axis], b.shape(node.inputs[0])[2 + axis]
    scale = np.float32(node["spatial_scale"])
    first, last = (_rounded(np.float32(v) * scale) for v in (start, end))
    each = np.float32(max(last - first + 1, 1)) / np.float32(bins)
    places = np.arange(bins, dtype=np.float32)
    low = np.clip(np.floor(places * each).astype(np.int64) + first, 0, size)
    high = np.clip(np.ceil((places + 1) * each).astype(np.int64) + first, 0, size)
    most = max(int((high - low).max()), 1)
    cells = np.minimum(low[:, None] + np.arange(most), np.maximum(high - 1, low)[:, None])
    weights = np.repeat((high > low).astype(np.float32)[:, None], most, axis=1)
    return _Table(cells=np.minimum(cells, size - 1), weights=weights)


def _rounded(value: np.floating[Any]) -> int:
    """The nearest whole number, ties away from zero, as in C."""
    return int(np.copysign(np.floor(np.abs(value) + np.float32(0.5)), value))


def _roi_align_max(node: Node, b: Builder) -> Replacement | Refusal | None:
    if node["mode"] != "max":
        return None
    rois, images = b.constant(node.inputs[1]), b.constant(node.inputs[2])
    if rois is None or images is None:
        return Refusal(got="mode=max with rois computed at run time", hint=_FIXED)
    results = []
    for roi, image in zip(rois.astype(np.float32), images, strict=True):
        tables = [_neighbours(node, axis, roi[1 - axis], roi[3 - axis], b) for axis in (0, 1)]
        results.append(_maximum(node.inputs[0], int(image), tables, b))
    return b.concat(results, 0)


def _neighbours(node: Node, axis: int, start: Array, end: Array, b: Builder) -> _Table:
    """Both neighbours of every sample; outside, and in bins without samples, with weight zero."""
    bins = bins_of(node, axis, b)
    places, inside = samples_of(bins, start, end, b)
    if not places.size:
        return _Table(
            cells=np.zeros((bins.count, 1), np.int64), weights=np.zeros((bins.count, 1), np.float32)
        )
    low = np.floor(places).astype(np.int64)
    fraction = (places - low).astype(np.float32)
    cells = np.concatenate([low, np.minimum(low + 1, bins.size - 1)], axis=1)
    weights = np.concatenate([(1 - fraction) * inside, fraction * inside], axis=1)
    return _Table(cells=cells, weights=weights.astype(np.float32))


def _maximum(x: str, image: int, tables: list[_Table], b: Builder) -> str:
    """``[1, C, bins, bins]``: the maximum over each bin's rows and columns, weighed."""
    value = b.slice(x, 0, image, image + 1)
    for axis, table in enumerate(tables, start=2):
        value = b.add("Gather", value, table.cells.reshape(-1), axis=axis)
        weights = table.weights.reshape(-1).astype(b.dtype(x))
        if not np.all(weights == 1):
            value = b.add("Mul", value, weights.reshape(-1, *(1,) * (3 - axis)))
    (height, rows), (width, columns) = (table.cells.shape for table in tables)
    channels = b.shape(x)[1]
    split = b.reshape(value, (channels, height, rows, width * columns))
    highest = b.reshape(b.add("ReduceMax", split, [2], keepdims=0), (channels, height, width, columns))
    return b.reshape(b.add("ReduceMax", highest, [3], keepdims=0), (1, channels, height, width))


RULES = (
    Rule(name="max-roi-pool", ops=("MaxRoiPool",), apply=_max_roi_pool),
    Rule(name="roi-align-max", ops=("RoiAlign",), apply=_roi_align_max),
)
