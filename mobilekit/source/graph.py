"""The frozen value that travels between stages: canonical ModelProto bytes and their border."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mobilekit.artifact import digest_of_bytes
from mobilekit.tensors import DType, TensorSpec

if TYPE_CHECKING:
    import onnx

Stage = Literal["source", "normalised", "legalised"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A model at one stage. ``model`` is a serialised ModelProto without external data.

    Inputs exclude initializers; every dimension is fixed. ``digest`` is the SHA-256 of ``model``.
    """

    model: bytes
    digest: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    stage: Stage

    def proto(self) -> onnx.ModelProto:
        """A fresh ModelProto that the caller may change."""
        import onnx

        return onnx.ModelProto.FromString(self.model)


def graph_from_proto(model: onnx.ModelProto, *, stage: Stage) -> Graph:
    """Freeze ``model``. Every input and output must have a fixed shape."""
    content = model.SerializeToString(deterministic=True)
    constants = {t.name for t in model.graph.initializer}
    return Graph(
        model=content,
        digest=digest_of_bytes(content),
        inputs=tuple(_spec(v) for v in model.graph.input if v.name not in constants),
        outputs=tuple(_spec(v) for v in model.graph.output),
        stage=stage,
    )


def _spec(value: onnx.ValueInfoProto) -> TensorSpec:
    import onnx

    tensor = value.type.tensor_type
    dtype = DType(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name)
    return TensorSpec(name=value.name, dtype=dtype, shape=tuple(d.dim_value for d in tensor.shape.dim))
