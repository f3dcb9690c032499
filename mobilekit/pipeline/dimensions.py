"""Values for dynamic dimensions: given shapes first, then the target's picture size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mobilekit.description import ModelDescription, TensorDescription
from mobilekit.source.shapes import dimensions
from mobilekit.tensors import Layout

if TYPE_CHECKING:
    import onnx

    from mobilekit.pipeline.job import Fill
    from mobilekit.source.shapes import Dimension

_RANK = 4
_BATCH_NAMES = ("n", "batch", "batch_size", "batchsize", "bs")


def open_shapes(path: Path, description: ModelDescription, fill: Fill) -> dict[str, tuple[int, ...]]:
    """Shapes for ``source.load``: those that ``fill`` gives, and images whose open dimensions it fills.

    Only images of rank 4 are filled by size and batch, and other inputs only where a dimension is
    called a batch; what stays open is refused by ``source.load``, which says what to give.
    """
    shapes = dict(fill.shapes)
    for value in _inputs(path):
        declared = dimensions(value)
        if value.name in shapes or declared is None or all(isinstance(d, int) for d in declared):
            continue
        filled = _filled(declared, description.inputs.get(value.name, TensorDescription()), fill)
        if filled is not None:
            shapes[value.name] = filled
    return shapes


def _inputs(path: Path) -> list[onnx.ValueInfoProto]:
    import onnx
    from google.protobuf.message import DecodeError

    try:
        graph = onnx.ModelProto.FromString(path.read_bytes()).graph
    except DecodeError:
        return []  # `source.load` says what is wrong with the file
    constants = {tensor.name for tensor in graph.initializer}
    return [value for value in graph.input if value.name not in constants]


def _filled(declared: tuple[Dimension, ...], said: TensorDescription, fill: Fill) -> tuple[int, ...] | None:
    shape = list(declared)
    is_image = said.kind == "image" and len(shape) == _RANK
    is_batch = bool(shape) and not isinstance(shape[0], int)
    if is_batch and fill.batch is not None and (is_image or str(shape[0]).lower() in _BATCH_NAMES):
        shape[0] = fill.batch
    if is_image and fill.size is not None:
        height, width = _axes(declared, said)
        for axis, side in ((height, fill.size[0]), (width, fill.size[1])):
            shape[axis] = shape[axis] if isinstance(shape[axis], int) else side
    whole = tuple(side for side in shape if isinstance(side, int))
    return whole if len(whole) == len(shape) else None


def _axes(declared: tuple[Dimension, ...], said: TensorDescription) -> tuple[int, int]:
    """Height and width axes of an image of rank 4; NCHW unless the description or its shape says else."""
    known = tuple(d if isinstance(d, int) else 0 for d in declared)
    return (1, 2) if said.layout_of(known) is Layout.NHWC else (2, 3)
