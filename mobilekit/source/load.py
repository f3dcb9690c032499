"""An .onnx file as a Graph: parsed, checked, self-contained, every border dimension fixed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from mobilekit.errors import ModelFileError
from mobilekit.source.check import check_border, check_opsets, check_structure, check_weights
from mobilekit.source.external import embed_external_data
from mobilekit.source.functions import inlined
from mobilekit.source.graph import Graph, graph_from_proto
from mobilekit.source.resize_axes import count_axes_from_the_front
from mobilekit.source.sequences import unpack_sequences
from mobilekit.source.shapes import fix_inputs, fix_outputs

if TYPE_CHECKING:
    import onnx

MAXIMUM_BYTES = 2**31 - 1
"""What protobuf can hold: a model with its weights inside must be smaller."""
_TOO_LARGE = "mobilekit reads models of up to 2 GB, weights included"
_NOT_ONNX = "export the model to ONNX again; a download may have been cut short"


def load(path: Path, *, shapes: Mapping[str, tuple[int, ...]] = MappingProxyType({})) -> Graph:
    """Read and check a model; ``shapes`` fixes dynamic dimensions, by input name.

    Raises ModelFileError, UnknownOpsetError, ExternalDataError, InvalidWeightsError or ShapeError.
    """
    model = _parse(path)
    check_opsets(model, where=str(path))
    embed_external_data(model, path)
    if model.ByteSize() > MAXIMUM_BYTES:
        message = f"{path}: {model.ByteSize() / 2**30:.1f} GB with its external data"
        raise ModelFileError(message, hint=_TOO_LARGE)
    model = _inline_functions(model, path)
    _sparse_to_dense(model)
    _spell_out(model)
    check_structure(model, where=str(path))
    _drop_initializer_inputs(model)
    check_weights(model, where=str(path))
    check_border(model, where=str(path))
    fix_inputs(model, shapes, where=str(path))
    count_axes_from_the_front(model, where=str(path))
    unpack_sequences(model)
    fix_outputs(model, where=str(path), given=bool(shapes))
    return graph_from_proto(model, stage="source")


def _parse(path: Path) -> onnx.ModelProto:
    import onnx
    from google.protobuf.message import DecodeError

    content = _read(path)
    try:
        model = onnx.ModelProto.FromString(content)
    except DecodeError as error:
        message = f"{path}: not an ONNX model, or truncated ({len(content)} bytes)"
        raise ModelFileError(message, hint=_NOT_ONNX) from error
    if not model.HasField("graph") or not model.opset_import:
        lacks = "graph" if not model.HasField("graph") else "opset_import (the file may be truncated)"
        message = f"{path}: not a complete ONNX model: it has no {lacks}"
        raise ModelFileError(message, hint=_NOT_ONNX)
    if not model.graph.output:
        message = f"{path}: the model's graph has no outputs"
        raise ModelFileError(message, hint=_NOT_ONNX)
    return model


def _read(path: Path) -> bytes:
    if path.is_dir():
        message = f"{path}: a folder, expected an .onnx file"
        raise ModelFileError(message)
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            message = f"{path}: {path.stat().st_size / 2**30:.1f} GB"
            raise ModelFileError(message, hint=_TOO_LARGE)
        content = path.read_bytes()
    except FileNotFoundError as error:
        message = f"{path}: no such file"
        raise ModelFileError(message) from error
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror or error}"
        raise ModelFileError(message) from error
    if not content:
        message = f"{path}: the file is empty"
        raise ModelFileError(message, hint=_NOT_ONNX)
    return content


def _inline_functions(model: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    import onnx

    try:
        return inlined(model)
    except (RuntimeError, ValueError, onnx.checker.ValidationError) as error:
        message = f"{path}: its model-local functions cannot be inlined: {error}"
        raise ModelFileError(message, hint="export the model without functions") from error


def _drop_initializer_inputs(model: onnx.ModelProto) -> None:
    """Initializers that are also inputs (IR version 3, or overridable defaults) become constants."""
    constants = {t.name for t in model.graph.initializer}
    kept = [v for v in model.graph.input if v.name not in constants]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    # Below 4 every initializer had to be an input as well.
    model.ir_version = max(model.ir_version, 4)


def _spell_out(model: onnx.ModelProto) -> None:
    """Write a default that ONNX's shape inference forgets: STFT is one-sided."""
    import onnx

    for node in model.graph.node:
        if node.op_type == "STFT" and not any(a.name == "onesided" for a in node.attribute):
            node.attribute.append(onnx.helper.make_attribute("onesided", 1))


def _sparse_to_dense(model: onnx.ModelProto) -> None:
    import numpy as np
    import onnx

    for sparse in model.graph.sparse_initializer:
        values = onnx.numpy_helper.to_array(sparse.values)
        dense = np.zeros(tuple(sparse.dims), values.dtype)
        indices = onnx.numpy_helper.to_array(sparse.indices)
        if indices.ndim == 1:
            dense.reshape(-1)[indices] = values
        else:
            dense[tuple(indices.T)] = values
        model.graph.initializer.append(onnx.numpy_helper.from_array(dense, sparse.values.name))
    del model.graph.sparse_initializer[:]
