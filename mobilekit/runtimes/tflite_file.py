"""What a .tflite file says about its border: ONNX names, layouts and types, without its weights.

Files of ours carry a metadata entry ``mobilekit`` (canonical JSON, format ``mobilekit-tflite/1``);
of any other file the signature's (else the tensors') names, shapes and types are taken as they are.
"""

from __future__ import annotations

import json
import mmap
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mobilekit.errors import ModelFileError
from mobilekit.tensors import DType, TensorSpec

METADATA_NAME = "mobilekit"
FORMAT = "mobilekit-tflite/1"

_IDENTIFIER = b"TFL3"
_HEADER_BYTES = 8
# TensorType of schema.fbs; what is not here (strings, complex numbers, resources) cannot be fed.
DTYPES = {
    0: DType.FLOAT32,
    1: DType.FLOAT16,
    2: DType.INT32,
    3: DType.UINT8,
    4: DType.INT64,
    6: DType.BOOL,
    7: DType.INT16,
    9: DType.INT8,
    10: DType.FLOAT64,
    12: DType.UINT64,
    15: DType.UINT32,
    16: DType.UINT16,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TfliteTensor:
    """Tensor ``index`` of the file, seen as the ONNX value ``spec``.

    File array = (ONNX array − ``channel_shift``) × ``channel_scale`` (both along ONNX axis 1), transposed
    by ``permutation``.
    """

    spec: TensorSpec
    index: int
    permutation: tuple[int, ...]
    channel_scale: tuple[float, ...] | None = None
    channel_shift: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TfliteBorder:
    """Inputs and outputs in the ONNX model's order, and the other ONNX values by name."""

    inputs: tuple[TfliteTensor, ...]
    outputs: tuple[TfliteTensor, ...]
    tensors: Mapping[str, TfliteTensor]


def read_border(path: Path) -> TfliteBorder:
    """Read a file's border. Raises ModelFileError if it is missing, damaged or not TFLite."""
    try:
        if path.stat().st_size < _HEADER_BYTES:
            raise _not_tflite(path, "it is too short")
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if content[4:8] != _IDENTIFIER:
                raise _not_tflite(path, f"bytes 4 to 8 are {content[4:8]!r}, expected {_IDENTIFIER!r}")
            return _border(content)
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise ModelFileError(message) from error
    except (struct.error, LookupError, ValueError, TypeError, AttributeError) as error:
        raise _not_tflite(path, f"its flatbuffer is damaged ({error})") from error


def _not_tflite(path: Path, reason: str) -> ModelFileError:
    return ModelFileError(f"{path} is not a TFLite file: {reason}", hint="convert the ONNX model again")


def _border(content: mmap.mmap) -> TfliteBorder:
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(content)
    graph = model.Subgraphs(0)
    data = _metadata(model)
    inputs = [int(graph.Inputs(i)) for i in range(graph.InputsLength())]
    outputs = [int(graph.Outputs(i)) for i in range(graph.OutputsLength())]
    if data is None:
        names = dict(_signature_names(model))
        return TfliteBorder(
            inputs=tuple(_undescribed(graph, i, names) for i in inputs),
            outputs=tuple(_undescribed(graph, i, names) for i in outputs),
            tensors={},
        )
    return TfliteBorder(
        inputs=tuple(_described(e, i) for e, i in zip(data["inputs"], inputs, strict=True)),
        outputs=tuple(_described(e, i) for e, i in zip(data["outputs"], outputs, strict=True)),
        tensors={
            name: _described({"name": name, **entry}, entry["tensor"], data.get("channels", ()))
            for name, entry in data["tensors"].items()
        },
    )


def _metadata(model: Any) -> Any:
    """Our metadata entry, decoded; None in a file of someone else's."""
    for i in range(model.MetadataLength()):
        entry = model.Metadata(i)
        if entry.Name() == METADATA_NAME.encode():
            data = json.loads(model.Buffers(entry.Buffer()).DataAsNumpy().tobytes())
            if data["format"] != FORMAT:
                message = f"metadata of format {data['format']}, expected {FORMAT}"
                raise ValueError(message)
            return data
    return None


def _described(entry: Mapping[str, Any], index: int, channels: Sequence[Any] = ()) -> TfliteTensor:
    spec = TensorSpec(name=entry["name"], dtype=DType(entry["dtype"]), shape=tuple(entry["shape"]))
    permutation = tuple(entry["permutation"])
    if sorted(permutation) != list(range(len(spec.shape))):
        message = f"{spec.name!r}: {permutation} is not a permutation of {len(spec.shape)} axes"
        raise ValueError(message)
    return TfliteTensor(
        spec=spec,
        index=index,
        permutation=permutation,
        channel_scale=_channels(entry.get("channel_scale"), channels),
        channel_shift=_channels(entry.get("channel_shift"), channels),
    )


def _channels(said: Any, channels: Sequence[Any]) -> tuple[float, ...] | None:
    """Numbers per channel, written out or as their place among ``channels``."""
    if said is None:
        return None
    return tuple(channels[said] if isinstance(said, int) else said)


def _undescribed(graph: Any, index: int, names: Mapping[int, str]) -> TfliteTensor:
    tensor = graph.Tensors(index)
    if tensor.Type() not in DTYPES:
        message = f"tensor {tensor.Name()!r} holds no numbers (TensorType {tensor.Type()})"
        raise ValueError(message)
    shape = tuple(int(tensor.Shape(i)) for i in range(tensor.ShapeLength()))
    name = names.get(index) or tensor.Name().decode()
    spec = TensorSpec(name=name, dtype=DTYPES[tensor.Type()], shape=shape)
    return TfliteTensor(spec=spec, index=index, permutation=tuple(range(len(shape))))


def _signature_names(model: Any) -> Iterator[tuple[int, str]]:
    """Tensor indices and the names that the only signature gives them."""
    if model.SignatureDefsLength() != 1:
        return
    signature = model.SignatureDefs(0)
    maps = [signature.Inputs(i) for i in range(signature.InputsLength())]
    maps += [signature.Outputs(i) for i in range(signature.OutputsLength())]
    for entry in maps:
        yield int(entry.TensorIndex()), entry.Name().decode()
