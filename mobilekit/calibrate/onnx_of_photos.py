"""Models that are run on photos while preparing inputs: face detectors, embedding models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mobilekit.errors import DescriptionError, ShapeError

if TYPE_CHECKING:
    from mobilekit.runtimes.base import Session


def open_photo_model(path: Path, where: str) -> tuple[Session, str]:
    """The model in ONNX Runtime (one thread) and its digest, weights included.

    An open first dimension, the batch, becomes 1. Raises DescriptionError if other dimensions are open
    or if it has not exactly one input, and what reading a model raises.
    """
    from mobilekit.runtimes.ort import open_graph
    from mobilekit.source.load import load

    try:
        graph = load(path, shapes=_batch_of_one(path))
    except ShapeError as error:
        message = f"{where}: {error.message}"
        raise DescriptionError(message, hint="export it with a fixed height and width") from error
    session = open_graph(graph, threads=1)
    if len(session.inputs) != 1:
        names = ", ".join(spec.name for spec in session.inputs)
        message = f"{where} has inputs {names}; one image input expected"
        raise DescriptionError(message, hint="export it with the photo as its only input")
    return session, graph.digest


def _batch_of_one(path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes for the inputs of which nothing but the batch is dynamic."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        graph = onnx.load(path, load_external_data=False).graph
    except (OSError, DecodeError):
        return {}  # `load` says what is wrong with the file
    constants = {tensor.name for tensor in graph.initializer}
    shapes = {}
    for value in graph.input:
        dims = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        if value.name not in constants and dims and dims[0] == 0 and all(dims[1:]):
            shapes[value.name] = (1, *dims[1:])
    return shapes
