"""Canonical .tflite bytes from a finished builder (TFLite schema 3, object API)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.convert.tflite.versions import version_of

if TYPE_CHECKING:
    from mobilekit.convert.tflite.builder import FileBuilder, OperatorDraft, TensorDraft

SIGNATURE = "serving_default"
_IDENTIFIER = b"TFL3"
_BUFFER_ALIGNMENT = 16  # force_align of Buffer.data in the schema; the generated Pack ignores it
_TENSOR_TYPES = {
    "float32": "FLOAT32",
    "float16": "FLOAT16",
    "float64": "FLOAT64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "bool": "BOOL",
}
_OPTIONS_NAME = {
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "CONV_3D": "Conv3DOptions",
    "TRANSPOSE_CONV": "TransposeConvOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "PADV2": "PadV2Options",
    "TOPK_V2": "TopKV2Options",
    "BATCH_MATMUL": "BatchMatMulOptions",
    "SPLIT_V": "SplitVOptions",
    "SELECT_V2": "SelectV2Options",
    "REVERSE_V2": "ReverseV2Options",
    "CUMSUM": "CumsumOptions",
    **dict.fromkeys(
        ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "REDUCE_ALL", "REDUCE_ANY"),
        "ReducerOptions",
    ),
    **dict.fromkeys(("MAXIMUM", "MINIMUM"), "MaximumMinimumOptions"),
}


def write(
    builder: FileBuilder, *, signature: Mapping[str, Mapping[str, int]], metadata: Mapping[str, bytes]
) -> bytes:
    """The file's bytes: the same builder gives the same bytes anywhere.

    ``signature`` has ``inputs`` and ``outputs``, each from a name to a tensor index; ``metadata``
    entries become buffers of their own.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT()
    model.version = 3
    model.description = "mobilekit"
    codes: dict[tuple[str, int], int] = {}
    subgraph = schema.SubGraphT()
    subgraph.name = "main"
    subgraph.tensors = [_tensor(schema, t) for t in builder.tensors]
    subgraph.inputs = list(builder.inputs)
    subgraph.outputs = list(builder.outputs)
    subgraph.operators = [_operator(schema, o, builder, codes) for o in builder.operators]
    model.subgraphs = [subgraph]
    model.operatorCodes = [_code(schema, kind, version) for kind, version in codes]
    entries = sorted(metadata.items())
    model.metadata = [
        _metadata(schema, name, len(builder.buffers) + i) for i, (name, _) in enumerate(entries)
    ]
    model.buffers = [_buffer(schema, content) for content in (*builder.buffers, *(c for _, c in entries))]
    model.signatureDefs = [_signature(schema, signature)]
    packer = flatbuffers.Builder(sum(len(b) for b in builder.buffers) + (1 << 16))
    packer.Finish(model.Pack(packer), file_identifier=_IDENTIFIER)
    return bytes(packer.Output())


def _tensor(schema: Any, draft: TensorDraft) -> Any:
    tensor = schema.TensorT()
    tensor.name = draft.name
    tensor.shape = np.array(draft.shape, dtype=np.int32)
    tensor.hasRank = True
    tensor.type = getattr(schema.TensorType, _TENSOR_TYPES[draft.dtype.name])
    tensor.buffer = draft.buffer
    if draft.quantisation is not None:
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale = np.array(draft.quantisation.scales, dtype=np.float32)
        tensor.quantization.zeroPoint = np.array(draft.quantisation.zero_points, dtype=np.int64)
        tensor.quantization.quantizedDimension = draft.quantisation.axis
    return tensor


def _operator(
    schema: Any, draft: OperatorDraft, builder: FileBuilder, codes: dict[tuple[str, int], int]
) -> Any:
    code = (draft.kind, version_of(draft, builder.tensors))
    operator = schema.OperatorT()
    operator.opcodeIndex = codes.setdefault(code, len(codes))
    operator.inputs = np.array(draft.inputs, dtype=np.int32)
    operator.outputs = np.array(draft.outputs, dtype=np.int32)
    name = (
        _OPTIONS_NAME.get(draft.kind) or "".join(part.title() for part in draft.kind.split("_")) + "Options"
    )
    made = getattr(schema, f"{name}T", None)
    if made is not None:
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, name)
        operator.builtinOptions = made()
        for key, value in draft.options.items():
            if not key.startswith("_"):
                setattr(operator.builtinOptions, key, _option(schema, key, value))
    return operator


def _option(schema: Any, key: str, value: Any) -> Any:
    if key == "fusedActivationFunction":
        return getattr(schema.ActivationFunctionType, value)
    if key == "padding":
        return getattr(schema.Padding, value)
    if key in ("inDataType", "outDataType", "outputType", "idxOutType"):
        return getattr(schema.TensorType, _TENSOR_TYPES[value])
    return value


def _code(schema: Any, kind: str, version: int) -> Any:
    code = schema.OperatorCodeT()
    builtin = getattr(schema.BuiltinOperator, kind)
    code.builtinCode = builtin
    code.deprecatedBuiltinCode = min(builtin, schema.BuiltinOperator.PLACEHOLDER_FOR_GREATER_OP_CODES)
    code.version = version
    return code


def _metadata(schema: Any, name: str, buffer: int) -> Any:
    entry = schema.MetadataT()
    entry.name, entry.buffer = name, buffer
    return entry


def _buffer(schema: Any, content: bytes) -> Any:
    class AlignedBuffer(schema.BufferT):  # type: ignore[misc]
        """A buffer whose data starts on the boundary that the schema asks for."""

        def Pack(self, packer: Any) -> int:  # noqa: N802 - the generated name
            if content:
                packer.StartVector(1, len(content), _BUFFER_ALIGNMENT)
                packer.head = packer.head - len(content)
                packer.Bytes[packer.head : packer.head + len(content)] = content
                data = packer.EndVector()
            schema.BufferStart(packer)
            if content:
                schema.BufferAddData(packer, data)
            return int(schema.BufferEnd(packer))

    return AlignedBuffer()


def _signature(schema: Any, signature: Mapping[str, Mapping[str, int]]) -> Any:
    def maps(names: Mapping[str, int]) -> list[Any]:
        result = []
        for name, index in names.items():
            entry = schema.TensorMapT()
            entry.name, entry.tensorIndex = name, index
            result.append(entry)
        return result

    made = schema.SignatureDefT()
    made.signatureKey = SIGNATURE
    made.inputs = maps(signature["inputs"])
    made.outputs = maps(signature["outputs"])
    return made
