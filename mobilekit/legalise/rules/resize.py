"""Resize: kept where TFLite computes the same; else a gather (nearest) or a constant matrix per axis.

Fixed shapes make every mode a linear map per axis: resize_axis.py says how such a map is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.resample import Axis, Method, nearest_indices, outside, weights
from mobilekit.legalise.rule import Refusal, Replacement, Rule
from mobilekit.legalise.rules.resize_axis import resampled
from mobilekit.legalise.rules.resize_integers import linear_integers, sampled_axes

if TYPE_CHECKING:
    from mobilekit.tensors import Array

# The ways in which TFLite's RESIZE_NEAREST_NEIGHBOR finds its cell, as ONNX spells them:
# (coordinate_transformation_mode, nearest_mode)
TFLITE_NEAREST = (
    ("asymmetric", "floor"),
    ("half_pixel", "round_prefer_ceil"),
    ("align_corners", "round_prefer_ceil"),
)
TFLITE_LINEAR = ("half_pixel", "align_corners", "asymmetric")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resize:
    axes: tuple[Axis, ...]
    method: Method
    extrapolation: float


Spelling = Callable[[tuple[Axis, ...], Method], dict[str, str] | None]
"""Attributes of a Resize by ``sizes`` that a target computes exactly; None where there are none."""

Resampled = Callable[[str, int, "Array", Builder], str]
"""How an axis is multiplied by a constant matrix."""


def resize_rule(name: str, spelling: Spelling, along: Resampled) -> Rule:
    """The rule that keeps what ``spelling`` says, and writes the rest axis by axis with ``along``."""

    def apply(node: Node, b: Builder) -> Replacement | Refusal | None:
        return _resize(node, b, spelling, along)

    return Rule(name=name, ops=("Resize",), apply=apply)


def _resize(node: Node, b: Builder, spelling: Spelling, along: Resampled) -> Replacement | Refusal | None:
    x = node.inputs[0]
    if any(name and not b.is_constant(name) for name in node.inputs[1:]):
        return Refusal(
            got="sizes, scales or roi computed at run time", hint="export the model with fixed shapes"
        )
    wanted = _Resize(
        axes=axes_of(node, b),
        method=method_of(node),
        extrapolation=node["extrapolation_value"],
    )
    # ONNX Runtime copies a tensor whose shape stays, whatever the scales and the region are.
    if all(axis.size == axis.resized for axis in wanted.axes):
        return x
    if _is_misplaced_region(wanted):
        got = "antialias=1 with coordinate_transformation_mode=tf_crop_and_resize along axes 1 and 2"
        return Refusal(got=got, hint="ONNX Runtime and ONNX differ there: resize the last two axes")
    if wanted.method.mode != "nearest" and not b.type(x).is_float:
        return _integers(x, wanted, b)
    spelled = spelling(wanted.axes, wanted.method)
    if spelled is not None:
        return _keep(node, spelled, b)
    return _gathered(x, wanted, b) if wanted.method.mode == "nearest" else _weighted(x, wanted, along, b)


def _integers(x: str, wanted: _Resize, b: Builder) -> Replacement | Refusal:
    method = wanted.method
    count = sampled_axes(wanted.axes)
    if method.mode != "linear" or method.antialias or not count:
        got = f"mode={method.mode}, antialias={int(method.antialias)} on {b.dtype(x).name} {b.shape(x)}"
        return Refusal(got=got, hint="resize floating-point numbers: ONNX does not say how integers round")
    resized = linear_integers(x, wanted.axes[-count:], method.coordinates, b)
    return _extrapolated(resized, wanted, b, cleared=False)


def _is_misplaced_region(wanted: _Resize) -> bool:
    """Where ONNX Runtime takes an image for channels-last and reads its region at the wrong axes."""
    method, axes = wanted.method, wanted.axes
    region = method.antialias and method.coordinates == "tf_crop_and_resize"
    return region and len(axes) == 4 and axes[3].is_unchanged and not axes[1].is_unchanged


def method_of(node: Node) -> Method:
    """How the node samples."""
    return Method(
        mode=node["mode"],
        coordinates=node["coordinate_transformation_mode"],
        nearest=node["nearest_mode"],
        cubic_a=node["cubic_coeff_a"],
        exclude_outside=bool(node["exclude_outside"]),
        antialias=bool(node["antialias"]) and node["mode"] != "nearest",
    )


def axes_of(node: Node, b: Builder) -> tuple[Axis, ...]:
    """Every axis of the input with its scale in float32, sizes and policies resolved."""
    shape, resized = b.shape(node.inputs[0]), b.shape(node.outputs[0])
    rank = len(shape)
    chosen = [a % rank for a in node["axes"] or range(rank)]
    scales = _scales(node, shape, chosen, b)
    start, end = [0.0] * rank, [1.0] * rank
    roi = b.constant(node.input(1))
    if node["coordinate_transformation_mode"] == "tf_crop_and_resize" and roi is not None and roi.size:
        for position, axis in enumerate(chosen):
            start[axis] = float(roi[position])
            end[axis] = float(roi[len(chosen) + position])
    return tuple(
        Axis(size=shape[i], resized=resized[i], scale=scales[i], roi=(start[i], end[i])) for i in range(rank)
    )


def _scales(node: Node, shape: tuple[int, ...], chosen: list[int], b: Builder) -> list[float]:
    scales = [1.0] * len(shape)
    given = b.constant(node.input(2))
    if given is not None and given.size:
        for position, axis in enumerate(chosen):
            scales[axis] = float(given[position])
        return scales
    sizes = b.ints(node.input(3)) or ()
    ratios = {axis: float(np.float32(sizes[i]) / np.float32(shape[axis])) for i, axis in enumerate(chosen)}
    policy = node["keep_aspect_ratio_policy"]
    if policy != "stretch":
        common = min(ratios.values()) if policy == "not_larger" else max(ratios.values())
        ratios = dict.fromkeys(ratios, common)
    for axis, ratio in ratios.items():
        scales[axis] = ratio
    return scales


def _tflite_spelling(axes: tuple[Axis, ...], method: Method) -> dict[str, str] | None:
    if len(axes) != 4 or not all(axis.is_unchanged for axis in axes[:2]):
        return None
    if method.mode == "nearest" and method.coordinates != "tf_crop_and_resize":
        return _nearest_spelling(axes[2:], method)
    return linear_spelling(axes[2:], method)


def linear_spelling(image: tuple[Axis, ...], method: Method) -> dict[str, str] | None:
    """The one of :data:`TFLITE_LINEAR` that gives the same weights along every axis of ``image``."""
    shrinks = any(axis.scale < 1 for axis in image)
    if method.mode != "linear" or method.coordinates == "tf_crop_and_resize":
        return None
    if method.antialias and shrinks:
        return None
    matrices = [weights(axis, method) for axis in image]
    for coordinates in TFLITE_LINEAR:
        spelled = Method(mode="linear", coordinates=coordinates)
        if all(_close(m, weights(by_sizes(a), spelled)) for m, a in zip(matrices, image, strict=True)):
            return {"mode": "linear", "coordinate_transformation_mode": coordinates}
    return None


def by_sizes(axis: Axis) -> Axis:
    """The same axis with the scale that its sizes give."""
    return Axis(
        size=axis.size, resized=axis.resized, scale=float(np.float32(axis.resized) / np.float32(axis.size))
    )


def _close(one: Array, other: Array) -> bool:
    return bool(np.abs(one - other).max() <= 1e-6 * max(one.shape))


def _nearest_spelling(image: tuple[Axis, ...], method: Method) -> dict[str, str] | None:
    indices = [nearest_indices(axis, method) for axis in image]
    for coordinates, nearest in TFLITE_NEAREST:
        if all(
            np.array_equal(index, tflite_nearest(axis, coordinates))
            and np.array_equal(
                index,
                nearest_indices(
                    by_sizes(axis), Method(mode="nearest", coordinates=coordinates, nearest=nearest)
                ),
            )
            for index, axis in zip(indices, image, strict=True)
        ):
            return {
                "mode": "nearest",
                "coordinate_transformation_mode": coordinates,
                "nearest_mode": nearest,
            }
    return None


def tflite_nearest(axis: Axis, coordinates: str) -> Array:
    """The cells that TFLite's kernel copies (GetNearestNeighbor in its reference kernels), in float32."""
    aligned = coordinates == "align_corners" and axis.resized > 1
    size, resized = (axis.size - 1, axis.resized - 1) if aligned else (axis.size, axis.resized)
    scale = np.float32(size) / np.float32(resized)
    offset = np.float32(0.5 if coordinates == "half_pixel" else 0.0)
    x = (np.arange(axis.resized, dtype=np.float32) + offset) * scale
    index = np.floor(x + np.float32(0.5)) if coordinates == "align_corners" else np.floor(x)
    clipped: Array = np.clip(index, 0, axis.size - 1).astype(np.int64)
    return clipped


def _keep(node: Node, spelled: dict[str, str], b: Builder) -> Replacement | None:
    sizes = b.ints(node.input(3))
    if node.attributes == spelled and not node.input(1) and not node.input(2) and sizes is not None:
        return None
    return b.add("Resize", node.inputs[0], None, None, list(b.shape(node.outputs[0])), **spelled)


def _gathered(x: str, wanted: _Resize, b: Builder) -> str:
    for position, axis in enumerate(wanted.axes):
        index = nearest_indices(axis, wanted.method)
        if not np.array_equal(index, np.arange(axis.size)):
            x = b.add("Gather", x, index, axis=position)
    return _extrapolated(x, wanted, b, cleared=False)


def _weighted(x: str, wanted: _Resize, along: Resampled, b: Builder) -> str:
    """One axis after the other, the one that shrinks most first."""
    changed = [(a.resized / a.size, i) for i, a in enumerate(wanted.axes) if not a.is_unchanged]
    for _, position in sorted(changed):
        matrix = weights(wanted.axes[position], wanted.method)
        cells = matrix.argmax(axis=1)
        if not np.array_equal(matrix, np.eye(matrix.shape[1])[cells]):
            x = along(x, position, matrix, b)
        elif not np.array_equal(cells, np.arange(matrix.shape[1])):
            x = b.add("Gather", x, cells, axis=position)
    return _extrapolated(x, wanted, b, cleared=True)


def _extrapolated(x: str, wanted: _Resize, b: Builder, *, cleared: bool) -> str:
    """Cells outside the region get the extrapolation value; ``cleared``: they are zero already."""
    beyond = np.zeros((1,) * len(wanted.axes), bool)
    for position, axis in enumerate(wanted.axes):
        along = [1] * len(wanted.axes)
        along[position] = -1
        beyond = beyond | outside(axis, wanted.method.coordinates).reshape(along)
    if not beyond.any():
        return x
    if not cleared:
        return b.add("Where", beyond, np.asarray(wanted.extrapolation, b.dtype(x)), x)
    if wanted.extrapolation == 0:
        return x
    return b.add("Add", x, (beyond * wanted.extrapolation).astype(b.dtype(x)))


RULES = (resize_rule("resize", _tflite_spelling, resampled),)
