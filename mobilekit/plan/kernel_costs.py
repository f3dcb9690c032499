"""What operators cost in float and in int8 on a processor: nanoseconds of one thread, measured.

XNNPACK (LiteRT 2.3) on x86-64 with AVX512-VNNI, every operator alone in a file, the least of 25 runs;
decision 0028 has the table. Only what is compared matters: an operator's two forms, and the conversions
between them. Costs are per element of the result unless said otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.tflite.view import GraphView

Costs = tuple[float, float]
"""Nanoseconds in float and in int8."""

QUANTIZE_NS, DEQUANTIZE_NS = 0.05, 0.08
OPERATOR_NS = 500.0
"""Of any operator, however small."""

TABLE_NS = 0.09
"""An int8 function of one value, element by element, is a table of 256 results."""

TABLES = frozenset({"Abs", "Cos", "Elu", "Exp", "Gelu", "Log", "Neg", "Sigmoid", "Sin", "Sqrt", "Tanh"})
"""XNNPACK makes such a table of DEQUANTIZE, one of these in float, and QUANTIZE."""

_CACHED_BYTES = 1 << 20
_BEYOND_CACHE, _BEYOND_CACHE_BOTH = 2.2, 3.3
"""How much longer float takes where a map, or each of two, does not stay in the cache of a core."""

_ELEMENTWISE: Mapping[str, Costs] = MappingProxyType(
    {
        "Add": (0.11, 0.18),
        "Sub": (0.11, 0.18),
        "Mul": (0.11, 0.24),
        "Max": (0.11, 0.04),
        "Min": (0.11, 0.04),
        "LeakyRelu": (0.1, 0.065),
        "Sigmoid": (0.2, TABLE_NS),
        "Tanh": (0.2, TABLE_NS),
        "Gelu": (0.22, TABLE_NS),
        "PRelu": (0.13, 8.0),
        "Softmax": (0.4, 2.0),
        "Clip": (0.1, 0.08),
        "Reshape": (0.1, 0.025),
        "Transpose": (0.3, 0.12),
        "Tile": (0.2, 0.1),
        "Expand": (0.2, 0.1),
        "DepthToSpace": (0.25, 0.1),
        "SpaceToDepth": (0.25, 0.1),
        "Gather": (0.55, 0.78),
        "Pad": (0.2, 0.14),
    }
)
_OTHERS: Costs = (0.1, TABLE_NS)

_RUN_NS = 1.5
"""Of every run of channels that Concat, Split and Slice copy."""
_COPIED: Costs = (0.25, 0.05)

# Resize: per element, and per position of few channels.
_LINEAR, _LINEAR_POSITION = (0.24, 0.34), (1.6, 3.0)
_NEAREST, _NEAREST_POSITION = (0.1, 0.03), (12.0, 2.4)

# Pools: per element that is read (float), of the result (int8: a builtin kernel, not XNNPACK's).
_AVERAGE, _AVERAGE_POSITION = (0.065, 3.6), (2.0, 20.0)
_MAXIMUM = (0.1, 0.04)
_MEAN = (0.06, 0.02)

# Per multiply-accumulate, channels of the result counted in blocks of 16. Int8 kernels read the channels of a
# tap in eights: three of a picture cost as much as eight. 1x1 convolutions in one group are products.
_DENSE, _DENSE_FEW, _PRODUCT = (0.013, 0.0038), (0.021, 0.0042), (0.013, 0.0042)
_DEPTHWISE, _DEPTHWISE_WIDE = (0.029, 0.064), (0.04, 0.06)
_RESULT = (0.02, 0.13)
_BLOCK = 16
_READ_TOGETHER = 8
_FEW_CHANNELS = 32
_SMALL_KERNEL = 9


def costs_of(view: GraphView, node: onnx.NodeProto, output: str) -> Costs:
    """The costs of ``node``, whose result is ``output`` (after fusion)."""
    if merged_into(view, node) is not None:
        return 0.0, 0.0
    shape = view.shapes[output]
    if node.op_type in ("Conv", "ConvTranspose", "MatMul", "Gemm"):
        return _with_weights(view, node, shape)
    size = math.prod(shape)
    if node.op_type in ("Concat", "Split", "Slice"):
        pieces = len(node.output) if node.op_type == "Split" else max(1, len(_data(view, node)))
        total = sum(math.prod(view.shapes[name]) for name in node.output if name)
        found = _scaled(_COPIED, total, positions=_positions(shape) * pieces, position=(_RUN_NS, _RUN_NS))
    elif node.op_type == "Resize":
        mode = next((a.s for a in node.attribute if a.name == "mode"), b"nearest")
        per, position = (_LINEAR, _LINEAR_POSITION) if mode == b"linear" else (_NEAREST, _NEAREST_POSITION)
        found = _scaled(per, size, positions=_positions(shape), position=position)
    elif node.op_type in ("AveragePool", "MaxPool", "ReduceMean", "ReduceMax"):
        found = _reducing(node, math.prod(view.shapes[node.input[0]]), size, _positions(shape))
    else:
        found = _scaled(_ELEMENTWISE.get(node.op_type, _OTHERS), size)
    maps = [name for name in node.input if view.shapes.get(name) == shape and name not in view.constants]
    beyond = _BEYOND_CACHE_BOTH if len(maps) > 1 else _BEYOND_CACHE
    return OPERATOR_NS + found[0] * (beyond if _is_large(size) else 1.0), OPERATOR_NS + found[1]


def is_depthwise(view: GraphView, node: onnx.NodeProto) -> bool:
    """Whether ``node`` is a convolution of every channel for itself."""
    groups = next((a.i for a in node.attribute if a.name == "group"), 1)
    return node.op_type == "Conv" and groups > 1 and view.shapes[node.input[1]][:2] == (groups, 1)


def merged_into(view: GraphView, node: onnx.NodeProto) -> onnx.NodeProto | None:
    """The convolution that pads the zeros of ``node`` itself, if it has the same form; else None."""
    readers = view.consumers.get(node.output[0], [])
    if node.op_type != "Pad" or len(readers) != 1 or node.output[0] in view.outputs:
        return None
    reader, value = view.nodes[readers[0]], view.constants.get(node.input[2]) if len(node.input) > 2 else None
    rank, pads = len(view.shapes[node.output[0]]), view.constants.get(node.input[1])
    if reader.op_type != "Conv" or rank != 4 or pads is None or (value is not None and value.any()):
        return None
    return None if pads.reshape(2, -1)[:, :2].any() else reader


def conversion_ns(view: GraphView, value: str, *, to_int8: bool) -> float:
    """What QUANTIZE or DEQUANTIZE of ``value`` costs."""
    size = math.prod(view.shapes[value])
    beyond = _BEYOND_CACHE if _is_large(size) else 1.0
    return OPERATOR_NS + size * beyond * (QUANTIZE_NS if to_int8 else DEQUANTIZE_NS)


def _is_large(size: int) -> bool:
    return 4 * size > _CACHED_BYTES


def _scaled(per: Costs, size: int, *, positions: int = 0, position: Costs = (0.0, 0.0)) -> Costs:
    return per[0] * size + position[0] * positions, per[1] * size + position[1] * positions


def _positions(shape: tuple[int, ...]) -> int:
    return math.prod(shape) // max(1, shape[1]) if len(shape) > 2 else 1


def _data(view: GraphView, node: onnx.NodeProto) -> list[str]:
    return [name for name in node.input if name and (node.op_type != "Slice" or name not in view.constants)]


def _reducing(node: onnx.NodeProto, before: int, after: int, positions: int) -> Costs:
    if node.op_type == "AveragePool":
        return (
            _AVERAGE[0] * before + _AVERAGE_POSITION[0] * positions,
            _AVERAGE[1] * after + _AVERAGE_POSITION[1] * positions,
        )
    return _scaled(_MEAN if node.op_type == "ReduceMean" else _MAXIMUM, before)


def _with_weights(view: GraphView, node: onnx.NodeProto, shape: tuple[int, ...]) -> Costs:
    """Of a convolution or a product with constant weights."""
    weights = view.shapes[node.input[1]]
    if node.op_type in ("MatMul", "Gemm"):
        channels = shape[-1]
        taps = math.prod(weights) // max(1, channels)
        positions = math.prod(shape) // max(1, channels)
        return _dense(positions, (1, taps), channels)
    groups = next((a.i for a in node.attribute if a.name == "group"), 1)
    channels, positions = shape[1], _positions(shape)
    if node.op_type == "ConvTranspose":
        strides = next((math.prod(a.ints) for a in node.attribute if a.name == "strides"), 1)
        return _dense(positions, (1, math.prod(weights) // (max(1, channels) * max(1, strides))), channels)
    taps = math.prod(weights[2:])
    if is_depthwise(view, node):
        wide = taps > _SMALL_KERNEL
        work = positions * taps * _blocks(channels)
        per = _DEPTHWISE_WIDE if wide else _DEPTHWISE
        return OPERATOR_NS + per[0] * work, OPERATOR_NS + per[1] * work
    if groups == 1:
        return _dense(positions, (taps, weights[1]), channels)
    dense = [_dense(positions, (taps, weights[1]), channels // groups, whole=False) for _ in range(groups)]
    return sum(f for f, _ in dense), sum(i for _, i in dense)


def _dense(positions: int, taps: tuple[int, int], channels: int, *, whole: bool = True) -> Costs:
    """Of ``taps`` (places, channels at each); ``whole`` where these are all the channels there are."""
    per = _DENSE_FEW if channels < _FEW_CHANNELS else _DENSE
    per = _PRODUCT if whole and taps[0] == 1 and channels < _FEW_CHANNELS else per
    results = positions * _blocks(channels)
    read = taps[0] * -(-taps[1] // _READ_TOGETHER) * _READ_TOGETHER
    return (
        OPERATOR_NS + per[0] * results * math.prod(taps) + _RESULT[0] * results,
        OPERATOR_NS + per[1] * results * read + _RESULT[1] * results,
    )


def _blocks(channels: int) -> int:
    return -(-channels // _BLOCK) * _BLOCK
