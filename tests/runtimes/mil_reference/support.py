"""Programs written as values, without coremltools: an operation, its parameters as constants, evaluated."""

import numpy as np

from mobilekit.runtimes.mil_reference.evaluator import Evaluator
from mobilekit.runtimes.mil_reference.program import Block, Constant, Function, Operation, Program
from mobilekit.runtimes.mil_reference.types import TensorType

FLOAT = TensorType(dtype="fp32", shape=None)
HALF = TensorType(dtype="fp16", shape=None)
INT = TensorType(dtype="int32", shape=None)
BOOL = TensorType(dtype="bool", shape=None)


def operation(kind, inputs, outputs, blocks=()):
    """An operation; inputs that are not names (or tuples of them) are constants."""
    return Operation(
        type=kind,
        inputs={name: _bindings(value) for name, value in inputs.items()},
        attributes={},
        outputs=tuple(outputs.items()),
        blocks=tuple(blocks),
    )


class Name(str):
    """The name of a value, where a text would be a parameter."""

    __slots__ = ()


def _bindings(value):
    if isinstance(value, Name):
        return (str(value),)
    if isinstance(value, tuple):
        return tuple(str(v) if isinstance(v, Name) else Constant(value=v) for v in value)
    return (Constant(value=value),)


def program(operations, outputs, *, inputs=None, opset=17):
    """A program with the one function main."""
    block = Block(inputs=(), operations=tuple(operations), outputs=tuple(outputs))
    main = Function(name="main", inputs=tuple((inputs or {}).items()), opset=opset, block=block)
    return Program(functions={"main": main}, default="main", inputs=(), outputs=(), metadata={})


def evaluated(kind, *, outputs=(FLOAT,), opset=17, precision="stored", **parameters):
    """What one operation makes of its parameters: numbers become arrays of float32, int32 or bool."""
    names = {f"y{index}": declared for index, declared in enumerate(outputs)}
    given = {key: _array(value) for key, value in parameters.items()}
    whole = program([operation(kind, given, names)], names, opset=opset)
    found = Evaluator(whole, precision=precision).run({})
    return found["y0"] if len(outputs) == 1 else tuple(found.values())


def _array(value):
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return tuple(_array(v) for v in value)
    array = np.asarray(value)
    kinds = {"f": np.float32, "i": np.int32}
    plain = not isinstance(value, np.ndarray)
    return array.astype(kinds[array.dtype.kind]) if plain and array.dtype.kind in kinds else array
