"""``init``: a ``mobilekit.toml`` for a model, from its inputs and outputs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mobilekit.config import read_description, safe_name
from mobilekit.config_writer import starter_text
from mobilekit.errors import ModelFileError, OutputError
from mobilekit.store.canonical import atomic_write
from mobilekit.tensors import DType, TensorSpec

if TYPE_CHECKING:
    import onnx


def write_starter(model: Path, out: Path, *, force: bool = False) -> tuple[str, ...]:
    """Write the file and return the places to fill in (``mobilekit.toml:9: inputs.image.range``).

    Raises ModelFileError for what is not an ONNX model, OutputError if ``out`` exists and not ``force``.
    """
    inputs, outputs = border(model)
    if out.exists() and not force:
        message = f"{out} exists"
        raise OutputError(message, hint="name another file with --out, or replace it with --force")
    relative = Path(os.path.relpath(model.resolve(), out.resolve().parent)).as_posix()
    text = starter_text(path=relative, name=safe_name(model.stem), inputs=inputs, outputs=outputs)
    atomic_write(out, text.encode())
    return tuple(f"{place}: {key}" for key, place in read_description(out).unfinished.items())


def border(model: Path) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Inputs and outputs of a model file; dimensions that it leaves open, and nothing determines, are 0."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        proto = onnx.load(model, load_external_data=False)
    except OSError as problem:
        message = f"cannot read {model}: {problem.strerror}"
        raise ModelFileError(message) from problem
    except (DecodeError, ValueError) as problem:
        message = f"{model} is not an ONNX model, or is truncated"
        raise ModelFileError(message, hint="export it again") from problem
    if not proto.graph.output:
        message = f"{model} is not an ONNX model: it has no graph with outputs"
        raise ModelFileError(message, hint="export it again")
    constants = {tensor.name for tensor in proto.graph.initializer}
    inputs = tuple(_spec(value) for value in proto.graph.input if value.name not in constants)
    return inputs, tuple(_spec(value) for value in _inferred(proto).graph.output)


def _inferred(proto: onnx.ModelProto) -> onnx.ModelProto:
    """``proto`` with what follows of its outputs' shapes: exporters leave names where sizes are known."""
    import onnx

    dimensions = [d for value in proto.graph.output for d in value.type.tensor_type.shape.dim]
    if dimensions and all(d.HasField("dim_value") for d in dimensions):
        return proto
    try:
        return onnx.shape_inference.infer_shapes(proto, data_prop=True)
    except (onnx.shape_inference.InferenceError, RuntimeError, ValueError):
        return proto  # what is wrong with it, or that it is too large for inference, is not asked here


def _spec(value: onnx.ValueInfoProto) -> TensorSpec:
    import onnx

    tensor = value.type.tensor_type
    try:
        dtype = DType(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name)
    except (KeyError, ValueError, TypeError) as problem:
        message = f"{value.name} has element type {tensor.elem_type}, a numeric type expected"
        raise ModelFileError(message) from problem
    return TensorSpec(
        name=value.name, dtype=dtype, shape=tuple(max(d.dim_value, 0) for d in tensor.shape.dim)
    )
