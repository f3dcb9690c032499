"""Fixing the dimensions that a model leaves open, from what the user gave."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mobilekit.errors import ModelError, ShapeError
from mobilekit.source.definition import Definition

if TYPE_CHECKING:
    import onnx

    from mobilekit.tensors import Array

_POSITION = re.compile(r"\S*/\S+\.(?:cc|h):\d+ .*?\) ")
"""A place in ONNX Runtime's source code, in its messages."""
_ANOTHER_SHAPE = "is another input shape needed?"
_NO_OTHER_SHAPE = (
    "the model fixes its input shapes, and ONNX Runtime cannot run it itself: export it again, "
    "with sizes that do not depend on values"
)
Dimension = int | str
"""A number, the name of a symbol, or ``""`` for an open dimension without a name."""


def fix_inputs(model: onnx.ModelProto, shapes: Mapping[str, tuple[int, ...]], *, where: str) -> None:
    """Write ``shapes`` into the inputs; a symbol bound by one input is bound in all others.

    Raises ShapeError for an unknown input, another rank, a contradiction, or anything left open;
    the hint then is the --shape arguments to give.
    """
    inputs = {v.name: v for v in model.graph.input}
    if unknown := sorted(set(shapes) - set(inputs)):
        message = f"{where}: a shape is given for {', '.join(map(repr, unknown))}, which is not an input"
        raise ShapeError(message, hint=f"the inputs are {', '.join(map(repr, inputs))}")
    # Exporters name the height of every image H, whether or not they have to be equal: what is given for
    # an input wins, and a symbol with two values fixes nothing else.
    symbols: dict[str, set[int]] = {}
    for name, shape in shapes.items():
        _bind(inputs[name], shape, symbols, where)
    for value in inputs.values():
        _apply(value, symbols)
    _refuse_open({name: value for name, value in inputs.items() if name not in shapes}, where)


def _bind(
    value: onnx.ValueInfoProto, shape: tuple[int, ...], symbols: dict[str, set[int]], where: str
) -> None:
    given = f"{where}: shape {_joined(shape)} given for input {value.name!r}"
    declared = dimensions(value)
    if any(isinstance(d, bool) or d < 1 for d in shape) and not _is_declared_empty(value, shape):
        message = f"{given}: every dimension must be 1 or more"
        raise ShapeError(message, hint="0 only where the model itself declares 0")
    if declared is None:
        value.type.tensor_type.shape.dim.extend([_dim(d) for d in shape])
        return
    if len(declared) != len(shape):
        message = f"{given}: rank {len(shape)}, expected {len(declared)}"
        raise ShapeError(message, hint=f"the model declares {_joined(declared)}")
    for axis, (want, got) in enumerate(zip(declared, shape, strict=True)):
        if isinstance(want, int) and want != got:
            message = f"{given}: dimension {axis} is {got}, the model fixes it to {want}"
            raise ShapeError(message, hint=f"the model declares {_joined(declared)}")
        if isinstance(want, str) and want:
            symbols.setdefault(want, set()).add(got)
        value.type.tensor_type.shape.dim[axis].dim_value = got


def _is_declared_empty(value: onnx.ValueInfoProto, shape: tuple[int, ...]) -> bool:
    """Whether the shape is 0 only where the model says 0, which could also mean an open dimension."""
    declared = value.type.tensor_type.shape.dim
    pairs = zip(shape, declared, strict=False)
    return all(d > 0 or (d == 0 and said.HasField("dim_value") and said.dim_value == 0) for d, said in pairs)


def _apply(value: onnx.ValueInfoProto, symbols: Mapping[str, set[int]]) -> None:
    for axis, dimension in enumerate(dimensions(value) or ()):
        if isinstance(dimension, str) and len(symbols.get(dimension, ())) == 1:
            (value.type.tensor_type.shape.dim[axis].dim_value,) = symbols[dimension]


def _refuse_open(inputs: Mapping[str, onnx.ValueInfoProto], where: str) -> None:
    lines, arguments = [], []
    for name, value in inputs.items():
        declared = dimensions(value)
        if declared is None:
            lines.append(f"{name!r} has no shape at all")
            arguments.append(f"--shape {name}=…")
        elif any(not isinstance(d, int) for d in declared):
            lines.append(f"{name!r} is {_joined(declared)}")
            arguments.append(f"--shape {name}={','.join(str(d) if d else '?' for d in declared)}")
    if lines:
        message = f"{where}: dynamic dimensions without a value: input {', input '.join(lines)}"
        hint = f"give {' '.join(arguments)} with numbers in place of ? and names (shapes= in Python)"
        raise ShapeError(message, hint=hint)


def dimensions(value: onnx.ValueInfoProto) -> tuple[Dimension, ...] | None:
    """The declared shape of a tensor value; None where even the rank is unknown."""
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    # Some exporters write an open dimension as 0 or -1.
    return tuple(d.dim_value if d.dim_value > 0 else d.dim_param for d in tensor.shape.dim)


def fix_outputs(model: onnx.ModelProto, *, where: str, given: bool = True) -> None:
    """Give every output the shape that follows from the inputs, whatever the file declares.

    ``given`` says whether the caller chose shapes: others may do where these do not.
    Declared shapes of inner values are dropped: exporters leave stale and symbolic ones.
    """
    declared = {v.name: dimensions(v) for v in model.graph.output}
    del model.graph.value_info[:]
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")
    hint = _ANOTHER_SHAPE if given else _NO_OTHER_SHAPE
    found = _inferred(model, where, hint) if model.graph.node else {}
    if not set(declared) <= set(found):
        found.update(_executed(model, hint))
    for value in model.graph.output:
        shape = found[value.name]
        wanted = declared[value.name]
        value.type.tensor_type.shape.dim.extend([_dim(d) for d in shape])
        # Only a fixed declaration of another rank is a contradiction; exporters get sizes wrong often.
        if wanted is not None and len(wanted) != len(shape) and wanted:
            message = (
                f"{where}: output {value.name!r} is declared as {_joined(wanted)}, it is {_joined(shape)}"
            )
            raise ShapeError(message, hint="the model contradicts itself; export it again")


def _inferred(model: onnx.ModelProto, where: str, hint: str) -> dict[str, tuple[int, ...]]:
    import onnx

    try:
        result = onnx.shape_inference.infer_shapes(model, data_prop=True, strict_mode=False)
    except (onnx.shape_inference.InferenceError, RuntimeError, ValueError) as error:
        message = f"{where}: shapes do not fit: {error}"
        raise ShapeError(message, hint=hint) from error
    found = {}
    for value in result.graph.output:
        tensor = value.type.tensor_type
        if tensor.HasField("shape") and all(d.HasField("dim_value") for d in tensor.shape.dim):
            found[value.name] = tuple(d.dim_value for d in tensor.shape.dim)
    return found


def _executed(model: onnx.ModelProto, hint: str) -> dict[str, tuple[int, ...]]:
    """Output shapes of one run on zeros: where sizes are computed in ways that inference cannot follow.

    Whether they depend on data is found out by normalise, which needs the shape of every value.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), sess_options=options, providers=["CPUExecutionProvider"]
        )
        values = session.run(None, _zeros(model))
    except Exception as error:  # ONNX Runtime's exceptions have no common base of their own
        found = _evaluated(model)
        if found is not None:
            return found
        reason = _POSITION.sub("", str(error).strip().splitlines()[0])
        message = f"ONNX Runtime cannot run the model on these input shapes: {reason}"
        first = _first_untold(model)
        if first is not None:
            name = next(name for name in first.output if name)
            message = (
                f"the shape of {name!r} depends on more than shapes: {first.op_type}, node {name}; {message}"
            )
        raise ShapeError(message, hint=hint) from error
    return {o.name: tuple(v.shape) for o, v in zip(session.get_outputs(), values, strict=True)}


def _first_untold(model: onnx.ModelProto) -> onnx.NodeProto | None:
    """The first node with an output whose shape inference cannot tell."""
    import onnx

    result = onnx.shape_inference.infer_shapes(model, data_prop=True, strict_mode=False).graph
    told = {
        value.name
        for value in (*result.value_info, *result.output)
        if value.type.tensor_type.HasField("shape")
        and all(d.HasField("dim_value") for d in value.type.tensor_type.shape.dim)
    }
    return next(
        (node for node in result.node if any(name and name not in told for name in node.output)), None
    )


def _evaluated(model: onnx.ModelProto) -> dict[str, tuple[int, ...]] | None:
    """The same by ONNX's own evaluator, where ONNX Runtime lacks kernels; None if it fails too."""
    names = [value.name for value in model.graph.output]
    try:
        values = Definition(model).run(names, _zeros(model))
    except ModelError:  # the caller raises ONNX Runtime's own error
        return None
    return {name: value.shape for name, value in zip(names, values, strict=True)}


def _zeros(model: onnx.ModelProto) -> dict[str, Array]:
    """A feed of zeros for inputs of fixed shapes."""
    import numpy as np
    import onnx

    return {
        v.name: np.zeros(
            tuple(d.dim_value for d in v.type.tensor_type.shape.dim),
            onnx.helper.tensor_dtype_to_np_dtype(v.type.tensor_type.elem_type),
        )
        for v in model.graph.input
    }


def _dim(value: int) -> onnx.TensorShapeProto.Dimension:
    import onnx

    return onnx.TensorShapeProto.Dimension(dim_value=value)


def _joined(shape: tuple[Dimension, ...]) -> str:
    return f"[{','.join(str(d) if d != '' else '?' for d in shape)}]"
