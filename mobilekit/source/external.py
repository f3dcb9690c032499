"""Weights outside the .onnx file: read from the model's own folder, and from nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mobilekit.errors import ExternalDataError

if TYPE_CHECKING:
    import onnx

_MAXIMUM_BYTES = 2**31 - 1
_HINT = "keep the model and its data files together, as the exporter wrote them"


def embed_external_data(model: onnx.ModelProto, path: Path) -> None:
    """Put the external data of every tensor of ``model`` (read from ``path``) into the tensor itself.

    Raises ExternalDataError if a file is missing or short, or lies outside the model's folder once
    ``..`` and symbolic links are resolved.
    """
    import onnx

    left = _MAXIMUM_BYTES
    for tensor in _tensors(model):
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            content = _content(tensor, path, left)
            left -= len(content)
            tensor.raw_data = content
            tensor.data_location = onnx.TensorProto.DEFAULT
            del tensor.external_data[:]


def _content(tensor: onnx.TensorProto, path: Path, left: int) -> bytes:
    entries = {e.key: e.value for e in tensor.external_data}
    where = f"{path}: external data of tensor {tensor.name!r}"
    location = entries.get("location", "")
    offset, length = _number(entries, "offset", where), _number(entries, "length", where)
    file = _resolve(location, path, where)
    try:
        size = file.stat().st_size
        wanted = size - offset if "length" not in entries else length
        if offset + wanted > size or wanted < 0:
            message = f"{where}: {location!r} has {size} bytes, expected {offset + wanted}"
            raise ExternalDataError(message, hint="the data file is truncated or belongs to another model")
        if wanted > left:
            message = f"{where}: more than 2 GB of weights"
            raise ExternalDataError(message, hint="mobilekit reads models of up to 2 GB, weights included")
        with file.open("rb") as stream:
            stream.seek(offset)
            content = stream.read(wanted)
    except OSError as error:
        message = f"{where}: {location!r} cannot be read: {error.strerror or error}"
        raise ExternalDataError(message, hint=_HINT) from error
    _check_size(tensor, len(content), where)
    return content


def _check_size(tensor: onnx.TensorProto, got: int, where: str) -> None:
    from math import prod

    import onnx

    size = prod(tensor.dims)
    packed = {onnx.TensorProto.INT4, onnx.TensorProto.UINT4, onnx.TensorProto.FLOAT4E2M1}
    itemsize = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    expected = (size + 1) // 2 if tensor.data_type in packed else size * itemsize
    if got != expected:
        message = f"{where}: {got} bytes, expected {expected} for shape {list(tensor.dims)}"
        raise ExternalDataError(message, hint="the data file is truncated or belongs to another model")


def _resolve(location: str, path: Path, where: str) -> Path:
    folder = path.resolve().parent
    # A model that is itself a symbolic link has its data beside the link or beside its target.
    folders = dict.fromkeys([path.parent.resolve(), folder])
    if not location or "\0" in location or "\\" in location:
        message = f"{where}: {location!r} is not a relative path"
        raise ExternalDataError(message, hint=_HINT)
    for base in folders:
        file = (base / location).resolve()
        if not file.is_relative_to(base):
            message = f"{where}: {location!r} leaves the model's folder"
            raise ExternalDataError(
                message, hint="put the data file beside the model, and name it without '..'"
            )
        if file.is_file():
            return file
    message = f"{where}: there is no file {location!r} beside the model"
    raise ExternalDataError(message, hint=_HINT)


def _number(entries: dict[str, str], key: str, where: str) -> int:
    text = entries.get(key, "0")
    if not text.isascii() or not text.isdigit():
        message = f"{where}: {key} is {text!r}, expected a number of bytes"
        raise ExternalDataError(message)
    return int(text)


def _tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every tensor of a model: initializers and attributes, in subgraphs and functions too."""
    yield from _graph_tensors(model.graph)
    for function in model.functions:
        for node in function.node:
            yield from _node_tensors(node)


def _graph_tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield sparse.values
        yield sparse.indices
    for node in graph.node:
        yield from _node_tensors(node)


def _node_tensors(node: onnx.NodeProto) -> Iterator[onnx.TensorProto]:
    for attribute in node.attribute:
        if attribute.HasField("t"):
            yield attribute.t
        yield from attribute.tensors
        if attribute.HasField("g"):
            yield from _graph_tensors(attribute.g)
        for graph in attribute.graphs:
            yield from _graph_tensors(graph)


def external_locations(path: Path) -> list[str]:
    """Where the model at ``path`` says that its external data is, sorted; none if it is not ONNX."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.ModelProto.FromString(path.read_bytes())
    except DecodeError:
        return []  # `load` says what is wrong with the file
    entries = (e for t in _tensors(model) if t.data_location == t.EXTERNAL for e in t.external_data)
    return sorted({entry.value for entry in entries if entry.key == "location"})
