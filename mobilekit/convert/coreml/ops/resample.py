"""Resizing, where MIL's sampling grid is ONNX's; and moves between channels and space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobilekit.convert.optable import lowers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mobilekit.convert.coreml.operation import Operation

SAMPLING = {"half_pixel": "UNALIGN_CORNERS", "align_corners": "STRICT_ALIGN_CORNERS", "asymmetric": "DEFAULT"}
"""MIL's sampling_mode of ``resize_bilinear`` by ONNX's coordinate_transformation_mode: equal grids."""


@lowers("Resize", since=19)
def resize(
    op: Operation,
    x: str,
    roi: str | None = None,
    scales: str | None = None,
    sizes: str | None = None,
    *,
    antialias: int = 0,
    axes: Sequence[int] = (),
    coordinate_transformation_mode: str = "half_pixel",
    cubic_coeff_a: float = -0.75,  # noqa: ARG001
    exclude_outside: int = 0,  # noqa: ARG001
    extrapolation_value: float = 0.0,  # noqa: ARG001
    keep_aspect_ratio_policy: str = "stretch",
    mode: str = "nearest",
    nearest_mode: str = "round_prefer_floor",
) -> None:
    """``upsample_nearest_neighbor`` by whole factors, or ``resize_bilinear``, of the last two axes."""
    given, wanted = op.shape(x), op.shape(op.outputs[0])
    if sizes is None or scales or roi or antialias or axes or keep_aspect_ratio_policy != "stretch":
        op.refuse("anything but constant sizes of all axes is legalised before, not emitted")
    if given[:-2] != wanted[:-2] or len(given) < 3:
        op.refuse(f"from {list(given)} to {list(wanted)}: MIL resizes the last two axes")
    if mode == "nearest":
        _nearest(op, x, given[-2:], wanted[-2:], (coordinate_transformation_mode, nearest_mode))
        return
    sampling = SAMPLING.get(coordinate_transformation_mode)
    if mode != "linear" or sampling is None:
        op.refuse(f"mode {mode} by {coordinate_transformation_mode} is legalised before, not emitted")
    _bilinear(op, x, given[-2:], wanted[-2:], sampling)


def _bilinear(op: Operation, x: str, given: tuple[int, ...], wanted: tuple[int, ...], sampling: str) -> None:
    """``upsample_bilinear`` by whole factors, which every compute unit has; else ``resize_bilinear``."""
    factors = [out // size for size, out in zip(given, wanted, strict=True)]
    whole = all(out == size * f for size, out, f in zip(given, wanted, factors, strict=True))
    if whole and sampling != "DEFAULT":
        var = op.add(
            "upsample_bilinear",
            x=op.input(x),
            scale_factor_height=factors[0],
            scale_factor_width=factors[1],
            align_corners=sampling == "STRICT_ALIGN_CORNERS",
        )
    else:
        var = op.add(
            "resize_bilinear",
            x=op.input(x),
            target_size_height=wanted[0],
            target_size_width=wanted[1],
            sampling_mode=sampling,
        )
    op.result(var)


def _nearest(
    op: Operation, x: str, given: tuple[int, ...], wanted: tuple[int, ...], how: tuple[str, str]
) -> None:
    factors = [out // size for size, out in zip(given, wanted, strict=True)]
    if how != ("asymmetric", "floor") or any(
        out != size * f for size, out, f in zip(given, wanted, factors, strict=True)
    ):
        op.refuse("nearest by anything but whole factors is legalised before, not emitted")
    kind = op.tensor_dtype(x)
    if kind.kind != "f":
        op.refuse(f"its elements are of type {kind.name}")
    down, across = factors
    var = op.add(
        "upsample_nearest_neighbor", x=op.input(x), scale_factor_height=down, scale_factor_width=across
    )
    op.result(var)


@lowers("DepthToSpace", since=13)
def depth_to_space(op: Operation, input: str, *, blocksize: int, mode: str = "DCR") -> None:  # noqa: A002
    """``depth_to_space`` takes channels in DCR order, ``pixel_shuffle`` in CRD."""
    _require_floats(op, input)
    if mode == "CRD":
        op.result(op.add("pixel_shuffle", x=op.input(input), upscale_factor=blocksize))
    else:
        op.result(op.add("depth_to_space", x=op.input(input), block_size=blocksize))


@lowers("SpaceToDepth", since=13)
def space_to_depth(op: Operation, input: str, *, blocksize: int) -> None:  # noqa: A002
    """``space_to_depth``, the inverse of DCR."""
    _require_floats(op, input)
    op.result(op.add("space_to_depth", x=op.input(input), block_size=blocksize))


def _require_floats(op: Operation, name: str) -> None:
    if op.tensor_dtype(name).kind != "f":
        op.refuse(f"its elements are of type {op.tensor_dtype(name).name}", hint="cast to float before it")


@lowers("GridSample", since=20)
def grid_sample(
    op: Operation,
    x: str,
    grid: str,
    *,
    align_corners: int = 0,
    mode: str = "linear",
    padding_mode: str = "zeros",
) -> None:
    """``resample``: linear, with zeros or the border outside; positions are float32 in any precision.

    Half precision would place a sample of 512 a quarter of a pixel off.
    """
    padding = {"zeros": "constant", "border": "border"}.get(padding_mode)
    if mode != "linear" or padding is None or len(op.shape(x)) != 4:
        op.refuse(f"mode {mode} with {padding_mode} outside is legalised before, not emitted")
    var = op.add(
        "resample",
        x=op.input(x),
        coordinates=op.emitter.value(grid, "fp32"),
        sampling_mode="bilinear",
        padding_mode=padding,
        padding_value=0.0,
        coordinates_mode="normalized_minus_one_to_one",
        align_corners=bool(align_corners),
    )
    op.result(var)
