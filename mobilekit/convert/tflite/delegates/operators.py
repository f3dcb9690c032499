"""The operators of a TFLite file as a delegate looks at them: types, shapes, options, constants."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mobilekit.convert.tflite.builder import FileBuilder, TensorDraft
    from mobilekit.tensors import Array

_MOST_VALUES = 64  # axes, sizes, paddings: what constraints speak of is small
_PART = re.compile(r"(/form\d+|/part\d+|/inner)+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperandTensor:
    """A tensor as an operator reads or writes it.

    ``dtype`` is TFLite's name in lower case, with a ``q`` before it where the tensor has scales
    (``qint8``). ``constant`` includes constants behind a DEQUANTIZE, which delegates unpack.
    ``values`` are there for small constants. ``scales`` and ``zero_points`` are empty
    where there are none.
    """

    index: int
    name: str
    dtype: str
    shape: tuple[int, ...]
    constant: bool
    values: Array | None = None
    scales: tuple[float, ...] = ()
    zero_points: tuple[int, ...] = ()

    @property
    def rank(self) -> int:
        """How many axes it has."""
        return len(self.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOperator:
    """One operator: builtin ``kind``, ``version``, operands (None where absent) and options.

    ``options`` have the field names of the schema; what is not there is 0, false or NONE. ``value``
    is the ONNX value that it computes, or helps to compute. ``unpacks`` marks a DEQUANTIZE of a
    constant: delegates do it once, before anything runs. ``sources`` are the kinds of the operators that
    compute the inputs, empty for what none computes, and ``makers`` their indices, -1 there.
    """

    index: int
    kind: str
    version: int
    inputs: tuple[OperandTensor | None, ...]
    outputs: tuple[OperandTensor, ...]
    options: Mapping[str, Any]
    value: str
    unpacks: bool = False
    sources: tuple[str, ...] = ()
    makers: tuple[int, ...] = ()

    def operand(self, slot: int) -> OperandTensor | None:
        """The operand at ``slot``, None if it is absent."""
        return self.inputs[slot] if slot < len(self.inputs) else None


def operators_of_draft(builder: FileBuilder) -> tuple[FileOperator, ...]:
    """The operators of a file that is being made."""
    from mobilekit.convert.tflite.versions import version_of

    tensors = [_tensor_of_draft(builder, i, draft) for i, draft in enumerate(builder.tensors)]
    return _linked(
        tensors,
        [(o.kind, version_of(o, builder.tensors), o.inputs, o.outputs, o.options) for o in builder.operators],
    )


def operators_of_file(path: Path) -> tuple[FileOperator, ...]:
    """The operators of the only subgraph of a written file that a runtime has accepted before."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(path.read_bytes())
    graph = model.Subgraphs(0)
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    tensors = [_tensor_of_file(schema, model, graph.Tensors(i), i) for i in range(graph.TensorsLength())]
    rows = []
    for i in range(graph.OperatorsLength()):
        operator = schema.OperatorT.InitFromObj(graph.Operators(i))
        code = model.OperatorCodes(operator.opcodeIndex)
        kind = names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        if kind == "CUSTOM":
            kind = f"CUSTOM {(code.CustomCode() or b'').decode()}"
        inputs = [int(t) for t in operator.inputs]
        outputs = [int(t) for t in operator.outputs]
        rows.append((kind, code.Version(), inputs, outputs, _options(schema, operator.builtinOptions)))
    return _linked(tensors, rows)


_Row = tuple[str, int, Sequence[int], Sequence[int], Mapping[str, Any]]


def _linked(tensors: list[OperandTensor], rows: Sequence[_Row]) -> tuple[FileOperator, ...]:
    """Operators with their tensors; the results of unpacking DEQUANTIZEs become constants."""
    from dataclasses import replace

    result = []
    made = {tensor: row[0] for row in rows for tensor in row[3]}
    maker = {tensor: index for index, row in enumerate(rows) for tensor in row[3]}
    for index, (kind, version, inputs, outputs, options) in enumerate(rows):
        unpacks = kind == "DEQUANTIZE" and tensors[inputs[0]].constant
        if unpacks:
            tensors[outputs[0]] = replace(tensors[outputs[0]], constant=True)
        result.append(
            FileOperator(
                index=index,
                kind=kind,
                version=version,
                inputs=tuple(tensors[i] if i >= 0 else None for i in inputs),
                outputs=tuple(tensors[i] for i in outputs),
                options=options,
                value=_PART.sub("", tensors[outputs[0]].name) if outputs else "",
                unpacks=unpacks,
                sources=tuple(made.get(i, "") for i in inputs),
                makers=tuple(maker.get(i, -1) for i in inputs),
            )
        )
    return tuple(result)


def _tensor_of_draft(builder: FileBuilder, index: int, draft: TensorDraft) -> OperandTensor:
    quantised = draft.quantisation
    constant = bool(builder.buffers[draft.buffer])  # the runtime sees no constant in an empty buffer
    return OperandTensor(
        index=index,
        name=draft.name,
        dtype=f"q{draft.dtype.name}" if quantised else draft.dtype.name,
        shape=draft.shape,
        constant=constant,
        values=builder.array_of(index) if constant and _is_small(draft.dtype.name, draft.shape) else None,
        scales=quantised.scales if quantised else (),
        zero_points=quantised.zero_points if quantised else (),
    )


def _tensor_of_file(schema: Any, model: Any, tensor: Any, index: int) -> OperandTensor:
    names = {value: name for name, value in vars(schema.TensorType).items() if isinstance(value, int)}
    dtype = names[tensor.Type()].lower()
    shape = tuple(int(tensor.Shape(i)) for i in range(tensor.ShapeLength()))
    buffer = model.Buffers(tensor.Buffer())
    constant = buffer.DataLength() > 0
    scales, zero_points = _quantisation(tensor.Quantization())
    values = None
    if constant and _is_small(dtype, shape):
        values = np.frombuffer(buffer.DataAsNumpy().tobytes(), dtype=dtype).reshape(shape)
    return OperandTensor(
        index=index,
        name=(tensor.Name() or b"").decode(),
        dtype=f"q{dtype}" if scales else dtype,
        shape=shape,
        constant=constant,
        values=values,
        scales=scales,
        zero_points=zero_points,
    )


def _quantisation(found: Any) -> tuple[tuple[float, ...], tuple[int, ...]]:
    if found is None or found.ScaleLength() == 0:
        return (), ()
    scales = tuple(float(found.Scale(i)) for i in range(found.ScaleLength()))
    return scales, tuple(int(found.ZeroPoint(i)) for i in range(found.ZeroPointLength()))


def _is_small(dtype: str, shape: Sequence[int]) -> bool:
    return dtype in ("float32", "int32", "int64") and int(np.prod(shape, dtype=np.int64)) <= _MOST_VALUES


def _options(schema: Any, options: Any) -> dict[str, Any]:
    """Options by field name; numbers of enumerations become their names, as in a draft."""
    found = dict(vars(options)) if options is not None else {}
    for key, enumeration in (
        ("fusedActivationFunction", schema.ActivationFunctionType),
        ("padding", schema.Padding),
    ):
        if key in found:
            found[key] = next(n for n, v in vars(enumeration).items() if v == found[key])
    if type(options).__name__ == "MirrorPadOptionsT":
        found["mode"] = next(n for n, v in vars(schema.MirrorPadMode).items() if v == found["mode"])
    return found
