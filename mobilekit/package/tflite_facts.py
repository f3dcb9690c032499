"""What a .tflite file holds, read from its flatbuffer: operators, element types, quantisation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mobilekit.quantisation import Scale

CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTensor:
    """A tensor as the file stores it; ``quantisation`` is that of a per-tensor int8 or int16 tensor."""

    dtype: str
    shape: tuple[int, ...]
    quantisation: Scale | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOperator:
    """An operator by its schema name; ``custom`` is the custom code, with its data operands."""

    name: str
    custom: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """Tensors and operators of the only subgraph of a file; ``inputs`` and ``outputs`` are indices."""

    tensors: tuple[FileTensor, ...]
    operators: tuple[FileOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def histogram(self) -> dict[str, int]:
        """How often each operator occurs, sorted by name."""
        names = sorted(operator.name for operator in self.operators)
        return {name: names.count(name) for name in dict.fromkeys(names)}


def facts_of(path: Path) -> FileFacts:
    """Read a file that a runtime has accepted before."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(path.read_bytes())
    graph = model.Subgraphs(0)
    dtypes, names = _names_of(schema.TensorType), _names_of(schema.BuiltinOperator)
    return FileFacts(
        tensors=tuple(_tensor(graph.Tensors(i), dtypes) for i in range(graph.TensorsLength())),
        operators=tuple(_operator(graph.Operators(i), model, names) for i in range(graph.OperatorsLength())),
        inputs=tuple(int(graph.Inputs(i)) for i in range(graph.InputsLength())),
        outputs=tuple(int(graph.Outputs(i)) for i in range(graph.OutputsLength())),
    )


def _tensor(tensor: Any, dtypes: dict[int, str]) -> FileTensor:
    dtype = dtypes[tensor.Type()].lower()
    found = tensor.Quantization()
    scale = None
    if dtype in ("int8", "int16") and found is not None and found.ScaleLength() == 1:
        scale = Scale(scale=float(found.Scale(0)), zero_point=int(found.ZeroPoint(0)))
    shape = tuple(int(tensor.Shape(i)) for i in range(tensor.ShapeLength()))
    return FileTensor(dtype=dtype, shape=shape, quantisation=scale)


def _operator(operator: Any, model: Any, names: dict[int, str]) -> FileOperator:
    code = model.OperatorCodes(operator.OpcodeIndex())
    # Codes above 127 are only in the newer field; older writers fill the deprecated one alone.
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    custom = code.CustomCode()
    return FileOperator(
        name=names[number],
        custom=custom.decode() if custom else "",
        inputs=tuple(int(operator.Inputs(i)) for i in range(operator.InputsLength())),
        outputs=tuple(int(operator.Outputs(i)) for i in range(operator.OutputsLength())),
    )


def _names_of(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}
