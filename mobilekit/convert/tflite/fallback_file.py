"""A .tflite file that another converter wrote: executing it, and writing our border into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.convert.tflite.metadata import ENTRY, border_entry, metadata
from mobilekit.convert.tflite.writer import SIGNATURE, _buffer
from mobilekit.errors import UnsoundArtifactError

if TYPE_CHECKING:
    from mobilekit.tensors import Array, TensorSpec

_IDENTIFIER = b"TFL3"


@dataclass(frozen=True, slots=True, kw_only=True)
class BorderTensor:
    """An ONNX input or output and the tensor that holds it: file array = ONNX array transposed by p."""

    spec: TensorSpec
    tensor: int
    permutation: tuple[int, ...]

    def to_file(self, value: Array) -> Array:
        """An ONNX array in the file's layout."""
        return np.ascontiguousarray(np.transpose(value, self.permutation))

    def from_file(self, value: Array) -> Array:
        """An array of the file in the ONNX layout."""
        return np.transpose(value, np.argsort(self.permutation))


class ForeignFile:
    """A .tflite file in LiteRT, by tensor index; names are those of its signature."""

    def __init__(self, content: bytes) -> None:
        from ai_edge_litert.interpreter import Interpreter

        signatures = read_model(content).signatureDefs or []
        self._names = {
            m.tensorIndex: text(m.name) for s in signatures for m in (*(s.inputs or ()), *(s.outputs or ()))
        }
        try:
            self._interpreter: Any = Interpreter(model_content=content)
            self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise _unsound(error) from error
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        self.inputs = tuple(int(d["index"]) for d in inputs)
        self.outputs = tuple(int(d["index"]) for d in outputs)
        self._details = {int(d["index"]): d for d in (*inputs, *outputs)}

    def inputs_named(self, name: str) -> tuple[int, ...]:
        """The input that carries ``name``; any input of another name if none does."""
        return self._named(self.inputs, name)

    def outputs_named(self, name: str) -> tuple[int, ...]:
        """The output that carries ``name``; every output if none does."""
        return self._named(self.outputs, name)

    def shape(self, tensor: int) -> tuple[int, ...]:
        """The declared shape of an input or output."""
        return tuple(int(d) for d in self._details[tensor]["shape"])

    def described(self, tensors: Sequence[int]) -> str:
        """Names and declared shapes, for messages."""
        return ", ".join(f"{self._details[t]['name']} {list(self.shape(t))}" for t in tensors)

    def run(self, values: Mapping[int, Array]) -> dict[int, Array]:
        """Outputs by tensor index. Raises UnsoundArtifactError if LiteRT cannot execute the file."""
        try:
            for tensor, value in values.items():
                self._interpreter.set_tensor(tensor, value.astype(self._details[tensor]["dtype"], copy=False))
            self._interpreter.invoke()
            return {tensor: self._interpreter.get_tensor(tensor) for tensor in self.outputs}
        except (RuntimeError, ValueError) as error:
            raise _unsound(error) from error

    def _named(self, tensors: Sequence[int], name: str) -> tuple[int, ...]:
        return tuple(t for t in tensors if self._names.get(t) == name) or tuple(tensors)


def read_model(content: bytes) -> Any:
    """The schema's object for a .tflite file."""
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromPackedBuf(content, 0)


def pack_model(model: Any) -> bytes:
    """Bytes of a schema object, its buffers aligned."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    contents = [b"" if b.data is None else np.asarray(b.data, np.uint8).tobytes() for b in model.buffers]
    model.buffers = [_buffer(schema, content) for content in contents]
    packer = flatbuffers.Builder(sum(map(len, contents)) + (1 << 16))
    packer.Finish(model.Pack(packer), file_identifier=_IDENTIFIER)
    return bytes(packer.Output())


def with_border(content: bytes, inputs: Sequence[BorderTensor], outputs: Sequence[BorderTensor]) -> bytes:
    """``content`` with inputs and outputs in this order, one signature and our metadata."""
    from ai_edge_litert import schema_py_generated as schema

    model = read_model(content)
    graph = model.subgraphs[0]
    graph.inputs = [b.tensor for b in inputs]
    graph.outputs = [b.tensor for b in outputs]
    signature = schema.SignatureDefT()
    signature.signatureKey = SIGNATURE
    signature.inputs = [_tensor_map(schema, b) for b in inputs]
    signature.outputs = [_tensor_map(schema, b) for b in outputs]
    model.signatureDefs = [signature]
    entry = schema.MetadataT()
    entry.name, entry.buffer = ENTRY, len(model.buffers)
    model.metadata = [entry]
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(_metadata(inputs, outputs), np.uint8)
    model.buffers.append(buffer)
    return pack_model(model)


def _metadata(inputs: Sequence[BorderTensor], outputs: Sequence[BorderTensor]) -> bytes:
    """Our metadata for a file of which only the border is known."""
    known = {
        b.spec.name: {
            "tensor": b.tensor,
            "permutation": list(b.permutation),
            "channel_scale": None,
            "shape": list(b.spec.shape),
            "dtype": str(b.spec.dtype),
        }
        for b in (*inputs, *outputs)
    }
    made = metadata(
        inputs=[border_entry(b.spec, b.permutation) for b in inputs],
        outputs=[border_entry(b.spec, b.permutation) for b in outputs],
        tensors=known,
    )
    return made[ENTRY]


def text(value: object) -> str:
    """A string of the schema, which its reader gives as bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _tensor_map(schema: Any, border: BorderTensor) -> Any:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = border.spec.name, border.tensor
    return entry


def _unsound(error: Exception) -> UnsoundArtifactError:
    message = f"LiteRT cannot execute onnx2tf's file: {str(error).strip().splitlines()[0]}"
    return UnsoundArtifactError(message, hint="onnx2tf converts this model wrongly; do not use it here")
