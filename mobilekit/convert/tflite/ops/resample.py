"""Changing resolution where TFLite's sampling grid is exactly ONNX's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mobilekit.convert.optable import lowers

if TYPE_CHECKING:
    from mobilekit.convert.tflite.operation import Operation

_DATA = slice(0, 1)
_GRIDS = {
    "half_pixel": {"halfPixelCenters": True, "alignCorners": False},
    "pytorch_half_pixel": {"halfPixelCenters": True, "alignCorners": False},
    "align_corners": {"halfPixelCenters": False, "alignCorners": True},
    "asymmetric": {"halfPixelCenters": False, "alignCorners": False},
}


@lowers("Resize", since=19, layout="channels_last", int8="same-scale", data=_DATA)
def resize(
    op: Operation,
    x: str,
    roi: str | None = None,
    scales: str | None = None,
    sizes: str | None = None,
    *,
    antialias: int = 0,
    axes: Sequence[int] | None = None,
    coordinate_transformation_mode: str = "half_pixel",
    cubic_coeff_a: float = -0.75,
    exclude_outside: int = 0,
    extrapolation_value: float = 0.0,
    keep_aspect_ratio_policy: str = "stretch",
    mode: str = "nearest",
    nearest_mode: str = "round_prefer_floor",
) -> None:
    """RESIZE_BILINEAR or RESIZE_NEAREST_NEIGHBOR; which grids are equal, ``legalise`` has decided."""
    del roi, cubic_coeff_a, extrapolation_value, axes, sizes, nearest_mode
    grid = _GRIDS.get(coordinate_transformation_mode)
    before, after = op.shape(x), op.shape(op.output)
    exact = not antialias and not exclude_outside and keep_aspect_ratio_policy == "stretch"
    if (
        grid is None
        or mode not in ("linear", "nearest")
        or not exact
        or len(before) != 4
        or before[:2] != after[:2]
    ):
        op.refuse("this sampling is legalised before, not emitted")
    if scales is not None and any(
        float(s) * b != a for s, b, a in zip(op.constant(scales), before, after, strict=True)
    ):
        op.refuse("scales that do not give whole sizes are legalised before, not emitted")
    kind = "RESIZE_BILINEAR" if mode == "linear" else "RESIZE_NEAREST_NEIGHBOR"
    op.add(kind, (op.input(x), op.small(after[2:])), (op.result(),), **grid)


@lowers("DepthToSpace", since=13, layout="channels_last", int8="same-scale")
def depth_to_space(op: Operation, input: str, *, blocksize: int = 1, mode: str = "DCR") -> None:  # noqa: A002
    """DEPTH_TO_SPACE, whose channel order is ONNX's DCR."""
    if mode != "DCR":
        op.refuse("mode=CRD is legalised before, not emitted")
    data, result = op.input(input), op.result()
    if op.storage == "int16":
        batch, height, width, channels = op.tensor_shape(data)
        _turn(op, data, (batch * height, width, blocksize, channels // blocksize), result)
        return
    op.add("DEPTH_TO_SPACE", (data,), (result,), blockSize=blocksize)


@lowers("SpaceToDepth", since=13, layout="channels_last", int8="same-scale")
def space_to_depth(op: Operation, input: str, *, blocksize: int = 1) -> None:  # noqa: A002
    """SPACE_TO_DEPTH."""
    data, result = op.input(input), op.result()
    if op.storage == "int16":
        batch, height, width, channels = op.tensor_shape(data)
        rows = batch * height // blocksize
        _turn(op, data, (rows, blocksize, width // blocksize, blocksize * channels), result)
        return
    op.add("SPACE_TO_DEPTH", (data,), (result,), blockSize=blocksize)


def _turn(op: Operation, data: int, parts: tuple[int, int, int, int], result: int) -> None:
    """``data`` seen as ``parts``, the two in the middle exchanged: what has no int16 kernel otherwise."""
    parted = op.temporary(parts, like=data)
    turned = op.temporary((parts[0], parts[2], parts[1], parts[3]), like=data)
    op.add("RESHAPE", (data, op.small(parts)), (parted,), newShape=parts)
    op.add("TRANSPOSE", (parted, op.small((0, 2, 1, 3))), (turned,))
    shape = op.tensor_shape(result)
    op.add("RESHAPE", (turned, op.small(shape)), (result,), newShape=shape)
