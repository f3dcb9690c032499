"""What it costs to have the channels last where they are few, in bytes that could be transposed meanwhile.

A loop over the last axis of three channels, or of a single one, ends before it has begun. Where an operator
works position by position along the channels, its map is better off as planes, in ONNX's own order::

    [1,512,512,3] · [1,512,512,1]      262,144 loops of three       [1,3,512,512] · [1,1,512,512]: three

Measured (XNNPACK, one thread, 512²): a softmax over 3 channels 4.7 against 1.4 ms, a split of 12 channels
3.0 against 0.8 ms, a product with one plane 0.6 against 0.2 ms; transposing 12 channels takes 1.2 ms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.tflite.fusion import Fused
    from mobilekit.convert.tflite.view import GraphView

LEAST_POSITIONS = 1024
MOST_SOFTMAX_CHANNELS = 4
_MOST_REDUCED_CHANNELS = 16

# Positions per KiB that is transposed in the same time (80 ns).
_LOOP = 32
_SOFTMAX = 8

_BROADCASTING = frozenset({"Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Where"})
_REDUCTIONS = frozenset({"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd"})


def is_softmax_of_planes(view: GraphView, node: onnx.NodeProto) -> bool:
    """Whether ``node`` is a Softmax over the few channels of a large map."""
    if node.op_type != "Softmax" or node.domain:
        return False
    shape = view.shapes[node.input[0]]
    axis = next((a.i for a in node.attribute if a.name == "axis"), -1)
    if len(shape) != 4 or axis % 4 != 1 or view.dtypes[node.input[0]] != np.float32:
        return False
    return 2 <= shape[1] <= MOST_SOFTMAX_CHANNELS and _positions(shape) >= LEAST_POSITIONS


def channels_last_cost(view: GraphView, fused: Fused) -> int:
    """KiB of transposing that ``fused`` may cost, and still be faster in ONNX's order than channels-last."""
    node = fused.node
    shape = view.shapes[fused.outputs[0]] if fused.outputs[0] else ()
    if node.domain or len(shape) != 4 or _positions(shape) < LEAST_POSITIONS:
        return 0
    positions = _positions(shape)
    if node.op_type in _BROADCASTING:
        return positions // _LOOP if _meets_plane(view, node, shape) else 0
    if node.op_type == "Softmax":
        slow = is_softmax_of_planes(view, node) and shape[1] > 2
        return positions // _SOFTMAX if slow else 0
    if node.op_type in _REDUCTIONS:
        before = view.shapes[node.input[0]]
        return positions // _LOOP if shape[1] == 1 < before[1] <= _MOST_REDUCED_CHANNELS else 0
    return positions * _pieces(view, node, shape) // _LOOP


def _positions(shape: tuple[int, ...]) -> int:
    return shape[0] * shape[2] * shape[3]


def _meets_plane(view: GraphView, node: onnx.NodeProto, shape: tuple[int, ...]) -> bool:
    """Whether a map of several channels meets one of a single channel."""
    others = [view.shapes[name] for name in node.input if name]
    planes = [s for s in others if len(s) == 4 and s[1] == 1 and _positions(s) == _positions(shape)]
    return shape[1] > 1 and bool(planes)


def _pieces(view: GraphView, node: onnx.NodeProto, shape: tuple[int, ...]) -> int:
    """How many runs of channels are copied at each position."""
    axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
    if node.op_type == "Split" and axis % 4 == 1:
        return len(node.output)
    if node.op_type == "Concat" and axis % 4 == 1:
        return len(node.input)
    if node.op_type == "Slice" and len(view.shapes[node.input[0]]) == 4:
        return int(view.shapes[node.input[0]][1] != shape[1])
    return 0
