"""RoiAlign as matrix products: an average of linear samples is linear in the rows and in the columns.

::

    Y[r] = A[r] · X[image of r] · B[r]ᵀ        A[r]: [height, H], B[r]: [width, W]

Fixed regions give constant matrices. Regions computed at run time give them at run time, if the number
of samples is fixed: a sample at y weighs row h by max(0, 1 − |y − h|).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.legalise.arithmetic import Arithmetic, Number
from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_SAMPLING = "set sampling_ratio to a positive number, or make the regions constant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """How regions are cut along one axis: into ``count`` bins of ``samples`` samples, of ``size`` cells."""

    count: int
    samples: int
    size: int
    scale: float
    half_pixel: bool

    def span(self, start: Number, end: Number, do: Arithmetic) -> tuple[Number, Number]:
        """Where regions start in cells, and how long they are, as ONNX Runtime computes it."""
        offset = np.float32(0.5 if self.half_pixel else 0.0)
        scale = np.float32(self.scale)
        first = do("Sub", do("Mul", start, scale), offset)
        length = do("Sub", do("Sub", do("Mul", end, scale), offset), first)
        return first, length if self.half_pixel else do("Max", length, np.float32(1.0))

    def positions(self, first: Number, length: Number, samples: int, do: Arithmetic) -> Number:
        """The samples' positions, ``[R, count · samples]``, of regions ``[R, 1]``."""
        bins, places = np.divmod(np.arange(self.count * samples, dtype=np.int64), samples)
        each = do("Div", length, np.float32(self.count))
        inner = do("Div", do("Mul", each, (places + 0.5).astype(np.float32)[None]), np.float32(samples))
        return do("Add", do("Add", first, do("Mul", each, bins.astype(np.float32)[None])), inner)


def _roi_align(node: Node, b: Builder) -> Replacement | Refusal | None:
    if node["mode"] != "avg":
        return None if node["mode"] == "max" else Refusal(got=f"mode={node['mode']}")
    x, rois, images = node.inputs
    fixed = b.is_constant(rois)
    if not fixed and node["sampling_ratio"] <= 0:
        return Refusal(got="sampling_ratio=0 with rois computed at run time", hint=_SAMPLING)
    make = _constant_matrices if fixed else _runtime_matrices
    rows, columns = (make(node, axis, b) for axis in (0, 1))
    count, channels = b.shape(rois)[0], b.shape(x)[1]
    height, width = b.shape(node.name)[2:]
    taken = _taken(x, images, count, b)
    # [R, C·H, W] · [R, W, width], then rows and columns change places: [R, C·width, H] · [R, H, height]
    narrow = b.add("MatMul", b.reshape(taken, (count, -1, b.shape(x)[3])), columns)
    turned = b.transpose(b.reshape(narrow, (count, channels, b.shape(x)[2], width)), (0, 1, 3, 2))
    low = b.add("MatMul", b.reshape(turned, (count, channels * width, b.shape(x)[2])), rows)
    return b.transpose(b.reshape(low, (count, channels, width, height)), (0, 1, 3, 2))


def bins_of(node: Node, axis: int, b: Builder) -> Bins:
    """The node's bins along rows (0) or columns (1)."""
    return Bins(
        count=b.shape(node.name)[2 + axis],
        samples=node["sampling_ratio"],
        size=b.shape(node.inputs[0])[2 + axis],
        scale=node["spatial_scale"],
        half_pixel=node["coordinate_transformation_mode"] == "half_pixel",
    )


def _taken(x: str, images: str, count: int, b: Builder) -> str:
    """The image of each region."""
    if b.shape(x)[0] == 1:
        return x if count == 1 else b.add("Expand", x, [count, *b.shape(x)[1:]])
    return b.add("Gather", x, images, axis=0)


def samples_of(bins: Bins, start: Array, end: Array, b: Builder) -> tuple[Array, Array]:
    """The positions of one constant region's samples, ``[count, samples]``; and which are inside."""
    do = Arithmetic(b)
    first, length = bins.span(start, end, do)
    assert not isinstance(first, str)
    assert not isinstance(length, str)
    each = np.float32(length.item()) / np.float32(bins.count)
    samples = bins.samples if bins.samples > 0 else max(int(np.ceil(each)), 0)
    if samples == 0:
        empty = np.zeros((bins.count, 0), np.float32)
        return empty, empty.astype(bool)
    found = bins.positions(first.reshape(1, 1), length.reshape(1, 1), samples, do)
    assert not isinstance(found, str)
    places = found.reshape(bins.count, samples)
    inside = (places >= -1) & (places <= bins.size)
    return np.clip(places, 0, bins.size - 1).astype(np.float32), inside


def _constant_matrices(node: Node, axis: int, b: Builder) -> str:
    """``[R, cells, bins]``: each bin's mean of its samples."""
    rois = b.constant(node.inputs[1])
    assert rois is not None
    bins = bins_of(node, axis, b)
    cells = np.arange(bins.size, dtype=np.float32)
    matrices = []
    for roi in rois.astype(np.float32):
        places, inside = samples_of(bins, roi[1 - axis], roi[3 - axis], b)
        weights = np.maximum(1 - np.abs(places[..., None] - cells), 0) * inside[..., None]
        matrices.append(weights.sum(axis=1) / max(places.shape[1], 1))
    stacked = np.stack(matrices).swapaxes(1, 2).astype(b.dtype(node.inputs[0]))
    return b.workspace.intern(np.ascontiguousarray(stacked), f"{node.name}/matrices{axis}")


def _runtime_matrices(node: Node, axis: int, b: Builder) -> str:
    rois, do = node.inputs[1], Arithmetic(b)
    bins = bins_of(node, axis, b)
    count = b.shape(rois)[0]
    start, end = (b.slice(rois, 1, column, column + 1) for column in (1 - axis, 3 - axis))
    first, length = bins.span(start, end, do)
    places = do.reshape(bins.positions(first, length, bins.samples, do), (count, -1, 1))
    held = do.clip(places, 0.0, float(bins.size - 1))
    reach = do("Sub", 1.0, do("Abs", do("Sub", held, np.arange(bins.size, dtype=np.float32)[None, None])))
    near = do("Max", reach, 0.0)
    # Within one cell of the border a sample takes the border's; further out it is zero.
    further = do("Equal", do.clip(places, -1.0, float(bins.size)), places)
    weights = do("Mul", near, do.cast(further, np.float32))
    apart = do.value(do.reshape(weights, (count * bins.count, bins.samples, bins.size)))
    mean = b.reshape(b.add("ReduceMean", apart, [1], keepdims=0), (count, bins.count, bins.size))
    return b.transpose(mean, (0, 2, 1))


RULES = (Rule(name="roi-align", ops=("RoiAlign",), apply=_roi_align),)
