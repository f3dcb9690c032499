"""fp16 from a float32 .tflite file: weights as float16 behind DEQUANTIZE, all else as it was.

onnx2tf's own float16 file has float16 inputs, outputs and activations, so it rounds every result
(candy_256: 15 dB); a file of ours has float32 at its border and rounds the weights only::

    w float32 (constant) ─ CONV_2D      becomes      w float16 (constant) ─ DEQUANTIZE ─ CONV_2D
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mobilekit.convert.tflite.fallback_file import pack_model, read_model, text

_WEIGHT_OPERATORS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "CONV_3D")
_WEIGHT_INPUT = 1


def halve_weights(content: bytes) -> bytes:
    """``content`` with the float32 weights of convolutions and dense layers halved.

    A weight that float16 cannot hold (beyond 65504) stays as it is.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = read_model(content)
    graph = model.subgraphs[0]
    opcode = _dequantize(schema, model)
    first = []
    weighted = (o for o in graph.operators if _has_weights(schema, model, o))
    for tensor in sorted({int(o.inputs[_WEIGHT_INPUT]) for o in weighted}):
        half = _half(schema, model, graph.tensors[tensor])
        if half is None:
            continue
        graph.tensors[tensor].buffer = 0
        graph.tensors.append(half)
        first.append(_operator(schema, opcode, len(graph.tensors) - 1, tensor))
    graph.operators = [*first, *graph.operators]
    _empty_unused_buffers(model)
    return pack_model(model)


def _empty_unused_buffers(model: Any) -> None:
    used = {t.buffer for graph in model.subgraphs for t in graph.tensors}
    used |= {entry.buffer for entry in model.metadata or ()}
    for index, buffer in enumerate(model.buffers):
        if index not in used:
            buffer.data = None


def _has_weights(schema: Any, model: Any, operator: Any) -> bool:
    code = model.operatorCodes[operator.opcodeIndex]
    kinds = {getattr(schema.BuiltinOperator, name) for name in _WEIGHT_OPERATORS}
    return max(code.builtinCode, code.deprecatedBuiltinCode) in kinds


def _half(schema: Any, model: Any, tensor: Any) -> Any:
    """A float16 constant with the values of ``tensor``; None if it is no constant that fits."""
    data = model.buffers[tensor.buffer].data
    if tensor.type != schema.TensorType.FLOAT32 or data is None or len(data) == 0:
        return None
    values = np.asarray(data, np.uint8).view(np.float32)
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float16)
    if not np.isfinite(rounded).all():
        return None
    buffer = schema.BufferT()
    buffer.data = rounded.view(np.uint8)
    model.buffers.append(buffer)
    half = schema.TensorT()
    half.name = f"{text(tensor.name)}_float16"
    half.shape, half.hasRank, half.type = tensor.shape, True, schema.TensorType.FLOAT16
    half.buffer = len(model.buffers) - 1
    return half


def _dequantize(schema: Any, model: Any) -> int:
    """The index of a new DEQUANTIZE operator code; version 3 is the one for float16."""
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    code.version = 3
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def _operator(schema: Any, opcode: int, source: int, result: int) -> Any:
    operator = schema.OperatorT()
    operator.opcodeIndex = opcode
    operator.inputs, operator.outputs = np.array([source], np.int32), np.array([result], np.int32)
    operator.builtinOptionsType = schema.BuiltinOptions.DequantizeOptions
    operator.builtinOptions = schema.DequantizeOptionsT()
    return operator
