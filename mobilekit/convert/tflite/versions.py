"""The lowest version of a TFLite operator that has what a use of it needs.

The rules are those of the runtime's own registry (LiteRT, ``tools/versioning/op_version.cc``), for
the element types that the emitter writes: float32, int8, int16, int32, int64 and bool.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mobilekit.convert.tflite.builder import OperatorDraft, TensorDraft

    Rule = Callable[[OperatorDraft, Sequence[TensorDraft | None]], int]

_INT8_IS_2 = (
    *(
        "ABS",
        "ADD",
        "ARG_MAX",
        "ARG_MIN",
        "AVERAGE_POOL_2D",
        "BATCH_MATMUL",
        "CONCATENATION",
        "DEPTH_TO_SPACE",
    ),
    *("DEQUANTIZE", "EQUAL", "GATHER", "GREATER", "GREATER_EQUAL", "L2_NORMALIZATION", "LESS", "LESS_EQUAL"),
    *(
        "LOGISTIC",
        "LOG_SOFTMAX",
        "MAXIMUM",
        "MAX_POOL_2D",
        "MEAN",
        "MINIMUM",
        "MUL",
        "NOT_EQUAL",
        "PAD",
        "PADV2",
    ),
    *(
        "REDUCE_MAX",
        "REDUCE_MIN",
        "REDUCE_PROD",
        "RELU",
        "RELU6",
        "RESIZE_BILINEAR",
        "RESIZE_NEAREST_NEIGHBOR",
    ),
    *(
        "RSQRT",
        "SLICE",
        "SOFTMAX",
        "SPACE_TO_DEPTH",
        "SPLIT",
        "SPLIT_V",
        "STRIDED_SLICE",
        "SUB",
        "SUM",
        "TANH",
    ),
    *("TOPK_V2", "TRANSPOSE"),
)
_INT16_IS = {
    **dict.fromkeys(("EXP", "LOG", "LEAKY_RELU", "REDUCE_PROD", "SQRT"), 2),
    **dict.fromkeys(
        (
            *("ABS", "AVERAGE_POOL_2D", "BATCH_MATMUL", "CONCATENATION", "DEQUANTIZE", "LESS"),
            *("GREATER_EQUAL", "LOGISTIC", "MAX_POOL_2D", "MEAN", "PAD", "PADV2", "REDUCE_MAX"),
            *("REDUCE_MIN", "RELU", "RELU6", "RSQRT", "SOFTMAX", "TANH"),
        ),
        3,
    ),
    **dict.fromkeys(
        (
            *("GATHER", "MAXIMUM", "MINIMUM", "MUL", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"),
            *("SLICE", "SPLIT"),
        ),
        4,
    ),
    **dict.fromkeys(("EQUAL", "SUB", "TRANSPOSE"), 5),
    "ADD": 3,
    "NOT_EQUAL": 4,
}
_RANK5_IS_4 = frozenset(["PAD", "PADV2", "TRANSPOSE", "STRIDED_SLICE"])
_BROADCAST5 = {"SUB": 3, "MAXIMUM": 3, "MINIMUM": 3, "DIV": 2}
_INT64_IS = {"ADD": 4, "SUB": 4, "MUL": 5}
_BOOL_IS = {"PAD": 5, "PADV2": 5, "TRANSPOSE": 3, "STRIDED_SLICE": 3, "GATHER": 3, "GATHER_ND": 5}


def version_of(operator: OperatorDraft, tensors: Sequence[TensorDraft]) -> int:
    """The version to declare for ``operator``."""
    inputs = [tensors[i] if i >= 0 else None for i in operator.inputs]
    special = _SPECIAL.get(operator.kind)
    if operator.kind == "QUANTIZE" and tensors[operator.outputs[0]].dtype.name == "int16":
        return 2
    return max(_common(operator.kind, inputs), special(operator, inputs) if special else 1)


def _common(kind: str, inputs: Sequence[TensorDraft | None]) -> int:
    present = [t for t in inputs if t is not None]
    if not present:
        return 1
    # SPLIT has its axis first, its data second.
    data = present[1] if kind == "SPLIT" else present[0]
    rank = max(len(t.shape) for t in present)
    version = 2 if kind in _INT8_IS_2 and data.dtype.name == "int8" else 1
    if kind in _RANK5_IS_4 and len(data.shape) > 4:
        version = max(version, 4)
    if kind in _BROADCAST5 and rank > 4 and present[0].shape != present[-1].shape:
        version = max(version, _BROADCAST5[kind])
    by_type = {"int16": _INT16_IS, "int64": _INT64_IS, "bool": _BOOL_IS}.get(data.dtype.name, {})
    return max(version, by_type.get(kind, 1))


def _is_hybrid(inputs: Sequence[TensorDraft | None]) -> bool:
    data, weights = inputs[0], inputs[1]
    return bool(data and weights and data.dtype.name == "float32" and weights.dtype.name == "int8")


def _is_int8(tensor: TensorDraft | None) -> bool:
    return tensor is not None and tensor.dtype.name == "int8"


def _conv(_: OperatorDraft, inputs: Sequence[TensorDraft | None]) -> int:
    data, weights = inputs[0], inputs[1]
    if data and weights and data.shape[-1] != weights.shape[-1]:
        return 6
    if _is_hybrid(inputs):
        return 5
    return 3 if _is_int8(data) else 1


def _depthwise(operator: OperatorDraft, inputs: Sequence[TensorDraft | None]) -> int:
    if _is_hybrid(inputs):
        return 6
    if _is_int8(inputs[0]):
        return 3
    dilated = (
        operator.options.get("dilationWFactor", 1) != 1 or operator.options.get("dilationHFactor", 1) != 1
    )
    return 2 if dilated else 1


def _fully_connected(operator: OperatorDraft, inputs: Sequence[TensorDraft | None]) -> int:
    if _is_hybrid(inputs):
        return 12
    if len(inputs) == 2 or inputs[2] is None:
        return 6
    if operator.options.get("keepNumDims"):
        return 5
    return 4 if _is_int8(inputs[0]) else 1


def _transpose_conv(operator: OperatorDraft, inputs: Sequence[TensorDraft | None]) -> int:
    if operator.options.get("fusedActivationFunction"):
        return 4
    if len(inputs) == 4:
        return 3
    return 2 if _is_int8(inputs[1]) else 1


def _mul(operator: OperatorDraft, _: Sequence[TensorDraft | None]) -> int:
    # The rescaling factor of an int8 product decides; the emitter records it with the operator.
    return 3 if operator.options.get("_rescale_at_least_one") else 1


def _dequantize(_: OperatorDraft, inputs: Sequence[TensorDraft | None]) -> int:
    data = inputs[0]
    if data is not None and data.dtype.name == "float16":
        return 3
    per_channel = data is not None and data.quantisation is not None and len(data.quantisation.scales) > 1
    return 5 if per_channel else 1


def _resize(operator: OperatorDraft, _: Sequence[TensorDraft | None]) -> int:
    if operator.options.get("halfPixelCenters"):
        return 3
    nearest_corners = operator.kind == "RESIZE_NEAREST_NEIGHBOR" and operator.options.get("alignCorners")
    return 3 if nearest_corners else 1


def _rank_over(rank: int, version: int) -> Rule:
    def rule(_: OperatorDraft, inputs: Sequence[TensorDraft | None]) -> int:
        return version if inputs[0] is not None and len(inputs[0].shape) > rank else 1

    return rule


def _by_type(versions: Mapping[str, int], *, slot: int = 0) -> Rule:
    def rule(_: OperatorDraft, inputs: Sequence[TensorDraft | None]) -> int:
        data = inputs[slot]
        return versions.get(data.dtype.name, 1) if data is not None else 1

    return rule


_SPECIAL: dict[str, Rule] = {
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _fully_connected,
    "TRANSPOSE_CONV": _transpose_conv,
    "MUL": _mul,
    "DEQUANTIZE": _dequantize,
    "RESIZE_BILINEAR": _resize,
    "RESIZE_NEAREST_NEIGHBOR": _resize,
    "SLICE": _rank_over(4, 5),
    "TRANSPOSE": _rank_over(5, 6),
    "BROADCAST_TO": _by_type({"int8": 2, "float32": 2, "int32": 2, "int64": 2, "bool": 2}),
    "TILE": _by_type({"int8": 3}),
    "REVERSE_V2": _by_type({"int8": 3, "bool": 2}),
    "ABS": _by_type({"int32": 5}),
    "SIGN": _by_type({"int32": 2}),
    "FLOOR_DIV": _by_type({"float32": 2}),
    "SPLIT": _by_type({"int32": 3}, slot=1),
}
