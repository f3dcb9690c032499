"""Tiny .tflite files, written with the schema's object API alone, independent of our writer."""

import json
from dataclasses import dataclass, field

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

TYPES = {
    "float32": schema.TensorType.FLOAT32,
    "int8": schema.TensorType.INT8,
    "int32": schema.TensorType.INT32,
}
NHWC = [0, 2, 3, 1]


@dataclass
class TinyFile:
    """Tensors and operators are added in order; ``bytes()`` packs the file."""

    tensors: list = field(default_factory=list)
    operators: list = field(default_factory=list)
    codes: list = field(default_factory=list)
    buffers: list = field(default_factory=lambda: [schema.BufferT()])

    def buffer(self, content: bytes) -> int:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(content, np.uint8)
        self.buffers.append(buffer)
        return len(self.buffers) - 1

    def tensor(self, name, shape, dtype="float32", *, data=None, scale=None, zero_point=0) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, list(shape), TYPES[dtype]
        tensor.buffer = 0 if data is None else self.buffer(data.tobytes())
        if scale is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = np.array([scale], np.float32)
            tensor.quantization.zeroPoint = np.array([zero_point], np.int64)
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def operator(self, code, inputs, outputs, options_type=0, options=None) -> None:
        operator = schema.OperatorT()
        operator.inputs, operator.outputs = list(inputs), list(outputs)
        operator.builtinOptionsType, operator.builtinOptions = options_type, options
        operator.opcodeIndex = len(self.codes)
        entry = schema.OperatorCodeT()
        entry.builtinCode, entry.deprecatedBuiltinCode, entry.version = code, min(code, 127), 1
        self.codes.append(entry)
        self.operators.append(operator)

    def bytes(self, *, inputs, outputs, metadata=None, signature=None) -> bytes:
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = self.tensors, self.operators
        graph.inputs, graph.outputs = list(inputs), list(outputs)
        model = schema.ModelT()
        model.version, model.subgraphs = 3, [graph]
        model.operatorCodes = self.codes
        if metadata is not None:
            entry = schema.MetadataT()
            entry.name, entry.buffer = "mobilekit", self.buffer(json.dumps(metadata).encode())
            model.metadata = [entry]
        if signature is not None:
            model.signatureDefs = [_signature(signature, inputs, outputs)]
        model.buffers = self.buffers
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def _signature(names, inputs, outputs):
    signature = schema.SignatureDefT()
    signature.signatureKey = "serving_default"
    signature.inputs = [_entry(name, i) for name, i in zip(names[0], inputs, strict=True)]
    signature.outputs = [_entry(name, i) for name, i in zip(names[1], outputs, strict=True)]
    return signature


def _entry(name, index):
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, index
    return entry


def described(shape=(1, 3, 4, 5), permutation=NHWC, *, taps=None, dtype="float32"):
    """Metadata of a file with one input ``x`` and one output ``y`` of the same ``shape``."""
    entry = {"name": "x", "dtype": dtype, "shape": list(shape), "permutation": permutation}
    return {
        "format": "mobilekit-tflite/1",
        "inputs": [entry],
        "outputs": [{**entry, "name": "y"}],
        "tensors": taps or {},
    }


FACTORS = np.array([2, 3, 4], np.float32)


def scaled_tanh(*, metadata: bool = True, signature=None, format_name: str = "mobilekit-tflite/1") -> bytes:
    """Y = tanh(x × FACTORS per channel), NHWC in the file; the product ``m`` can be tapped."""
    file = TinyFile()
    x = file.tensor("in", (1, 4, 5, 3))
    factors = file.tensor("factors", (3,), data=FACTORS)
    product = file.tensor("product", (1, 4, 5, 3))
    y = file.tensor("out", (1, 4, 5, 3))
    mul = (schema.BuiltinOptions.MulOptions, schema.MulOptionsT())
    file.operator(schema.BuiltinOperator.MUL, [x, factors], [product], *mul)
    file.operator(schema.BuiltinOperator.TANH, [product], [y])
    # In the ONNX graph the value `m` was x × 2 × FACTORS: the file's tensor is half of it.
    tap = {"tensor": product, "permutation": NHWC, "shape": [1, 3, 4, 5], "dtype": "float32"}
    taps = {"m": {**tap, "channel_scale": None}, "equalised": {**tap, "channel_scale": [2.0, 4.0, 8.0]}}
    data = {**described(taps=taps), "format": format_name}
    return file.bytes(inputs=[x], outputs=[y], metadata=data if metadata else None, signature=signature)


def quantised_identity(*, scale=0.5, zero_point=-3, metadata=True) -> bytes:
    """An int8 file that returns its int8 input (through a reshape)."""
    file = TinyFile()
    x = file.tensor("x", (1, 4), "int8", scale=scale, zero_point=zero_point)
    y = file.tensor("y", (1, 4), "int8", scale=scale, zero_point=zero_point)
    shape = file.tensor("shape", (2,), "int32", data=np.array([1, 4], np.int32))
    options = (schema.BuiltinOptions.ReshapeOptions, schema.ReshapeOptionsT())
    file.operator(schema.BuiltinOperator.RESHAPE, [x, shape], [y], *options)
    data = described((1, 4), [0, 1]) if metadata else None
    return file.bytes(inputs=[x], outputs=[y], metadata=data)


def unknown_operator() -> bytes:
    """A file whose operator no LiteRT has."""
    file = TinyFile()
    x, y = file.tensor("x", (1, 4)), file.tensor("y", (1, 4))
    file.operator(32, [x], [y])  # CUSTOM
    file.codes[-1].customCode = "NotThere"
    return file.bytes(inputs=[x], outputs=[y])
