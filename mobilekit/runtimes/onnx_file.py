"""The border and the operators of an ONNX file, without a runtime."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mobilekit.errors import AcceleratorError, ModelFileError
from mobilekit.runtimes.acceleration import Refusal
from mobilekit.tensors import DType, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    import onnx

    from mobilekit.runtimes.qnn_messages import RefusedNode

_ROUNDING = frozenset({"QuantizeLinear", "DequantizeLinear"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxFile:
    """Inputs, outputs, and the kind of each operator by the value that it computes.

    What only moves numbers between types (QuantizeLinear, DequantizeLinear) is no operator, nor is what
    depends on constants alone. ``values`` maps a node's name to its value.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    operators: Mapping[str, str]
    values: Mapping[str, str]

    def refusal(self, node: RefusedNode) -> Refusal:
        """A refused node by the value that it computes."""
        return Refusal(operator=self.values.get(node.name, node.name), kind=node.kind, reason=node.reason)


def read_onnx_file(path: Path) -> OnnxFile:
    """Read a file's border and operators.

    Raises ModelFileError if it is missing or damaged, AcceleratorError for a dimension that is not fixed.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.ModelProto.FromString(path.read_bytes())
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise ModelFileError(message) from error
    except DecodeError as error:
        message = f"{path} is not an ONNX model: {error}"
        raise ModelFileError(message, hint="export it again") from error
    graph = model.graph
    constants = {t.name for t in graph.initializer}
    values = {node.name: _value_of(node) for node in graph.node if node.name}
    operators = {}
    for node in graph.node:
        if constants.issuperset(name for name in node.input if name):
            constants.update(node.output)
        elif node.op_type not in _ROUNDING:
            operators[_value_of(node)] = node.op_type
    return OnnxFile(
        inputs=tuple(_spec(path, v) for v in graph.input if v.name not in constants),
        outputs=tuple(_spec(path, v) for v in graph.output),
        operators=operators,
        values=values,
    )


def _value_of(node: onnx.NodeProto) -> str:
    """The value that a node stands for: its name, which is that of its result before it was rounded."""
    return node.name or next((name for name in node.output if name), "")


def _spec(path: Path, value: onnx.ValueInfoProto) -> TensorSpec:
    import onnx

    tensor = value.type.tensor_type
    shape = tuple(d.dim_value if d.HasField("dim_value") else -1 for d in tensor.shape.dim)
    if -1 in shape:
        message = f"{path}: {value.name!r} has dimensions that are not fixed"
        raise AcceleratorError(message, hint="an NPU's program is of one size: convert it with --shape")
    dtype = DType(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name)
    return TensorSpec(name=value.name, dtype=dtype, shape=shape)
