"""Resize in all its modes, Upsample, GridSample."""

from __future__ import annotations

import numpy as np

from tests.fuzz.draft import Draft, Value
from tests.fuzz.operators.convolution import image

_MODES = ("nearest", "linear", "cubic")
_NEAREST = (None, "round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
_FACTORS = (2.0, 1.0, 0.5, 3.0, 1.5, 0.7, 2.3, 1.25)


def _transformation(d: Draft) -> str | None:
    options = [None, "half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"]
    if d.opset >= 19:
        options.append("half_pixel_symmetric")
    if d.choose.chance(5):
        options.append("tf_crop_and_resize")
    return d.choose.of(options)


def _resize(d: Draft) -> None:
    x = image(d) if d.choose.chance(85) else d.operand(ranks=(1, 2, 3, 4, 5))
    mode = d.choose.of([None, *_MODES])
    if d.opset < 11:
        d.add(
            "Resize",
            [x, d.constant(_scales(d, x, mode).astype(np.float32))],
            mode=mode if mode != "cubic" else None,
        )
        return
    how = _transformation(d)
    given = {"mode": mode, "coordinate_transformation_mode": how}
    if mode in (None, "nearest"):
        given["nearest_mode"] = d.choose.of(_NEAREST)
    if mode == "cubic":
        given["cubic_coeff_a"] = d.choose.of([None, -0.5])
        given["exclude_outside"] = d.choose.of([None, 1])
    roi = ""
    if how == "tf_crop_and_resize":
        given["extrapolation_value"] = d.choose.of([None, 0.7])
        roi = d.constant(np.asarray([0.1] * x.rank + [0.8] * x.rank, np.float32))
    elif d.opset < 13:
        roi = d.constant(np.zeros(0 if d.choose.chance(50) else 2 * x.rank, np.float32))
    if d.opset >= 18 and mode in ("linear", "cubic"):
        given["antialias"] = d.choose.of([None, 0, 1])
    _add(d, x, roi, mode, given)


def _add(d: Draft, x: Value, roi: str, mode: str | None, given: dict) -> None:
    scales = _scales(d, x, mode).astype(np.float32)
    axes = list(range(x.rank))
    if d.opset >= 18 and x.rank == 4 and d.choose.chance(30) and not roi:
        given["axes"] = axes = d.choose.of([[2, 3], [3, 2], [3]])  # negative ones crash ONNX Runtime
        scales = scales[axes]
    if d.choose.chance(50):
        sizes = np.maximum(1, np.floor(np.asarray(x.shape)[axes] * scales)).astype(np.int64)
        if d.opset >= 18 and d.choose.chance(20):
            given["keep_aspect_ratio_policy"] = d.choose.of(["stretch", "not_larger", "not_smaller"])
        empty = "" if d.opset >= 13 else d.constant(np.zeros(0, np.float32))
        d.add("Resize", [x, roi, empty, d.ints(sizes.tolist())], **given)
    else:
        d.add("Resize", [x, roi, d.constant(scales)], **given)


def _scales(d: Draft, x: Value, mode: str | None) -> np.ndarray:
    """Scales of the last two axes; sometimes of the others, where ONNX Runtime allows it."""
    first = max(0, x.rank - 2)
    same = d.choose.chance(50)
    factor = d.choose.of(_FACTORS)
    scales = [1.0] * first + [factor if same else d.choose.of(_FACTORS) for _ in range(x.rank - first)]
    if mode in (None, "nearest") and d.choose.chance(8):
        scales = [d.choose.of(_FACTORS) for _ in scales]
    return np.asarray(scales)


def _upsample(d: Draft) -> None:
    x = image(d)
    mode = d.choose.of([None, "nearest", "linear"])
    scales = np.maximum(1.0, _scales(d, x, mode)).astype(np.float32)
    if d.opset < 9:
        d.add("Upsample", [x], mode=mode, scales=scales.tolist())
    else:
        d.add("Upsample", [x, d.constant(scales)], mode=mode)


def _grid_sample(d: Draft) -> None:
    x = d.operand(ranks=(4,), shape=lambda: (1, 2, 5, 7))
    shape = (x.shape[0], d.choose.integer(1, 5), d.choose.integer(1, 5), 2)
    modes = ("linear", "nearest", "cubic") if d.opset >= 20 else ("bilinear", "nearest", "bicubic")
    grid = d.weight(shape, low=-1.2, high=1.2, runtime=50)
    d.add("GridSample", [x, grid], mode=d.choose.of([None, *modes]), align_corners=d.choose.of([None, 1]),
          padding_mode=d.choose.of([None, "zeros", "border", "reflection"]))  # fmt: skip


TABLE = {"Resize": _resize, "Upsample": _upsample, "GridSample": _grid_sample}
