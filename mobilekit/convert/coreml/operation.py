"""What a lowering sees: one ONNX node, its values in the precision it computes in, and MIL's operators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from mobilekit.convert.optable import describe
from mobilekit.errors import UnsupportedOperatorError

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.coreml.emitter import Emitter, Precision
    from mobilekit.tensors import Array

HINT = "re-export the model without it, or leave that part of the model to the app"


@dataclass(slots=True, kw_only=True)
class Operation:
    """One node to write, in MIL's ``opset``; its float values are of ``precision``."""

    emitter: Emitter
    node: onnx.NodeProto
    precision: Precision

    @property
    def opset(self) -> str:
        """``iOS15`` … ``iOS18``."""
        return self.emitter.opset

    @property
    def outputs(self) -> tuple[str, ...]:
        """The ONNX names of this node's outputs; empty for one that nothing reads."""
        return tuple(self.node.output)

    def input(self, name: str) -> Any:
        """The MIL Var of an input, in this node's precision if it is float; constants as mb.const."""
        return self.emitter.value(name, self.precision)

    def is_constant(self, name: str | None) -> bool:
        """Whether ``name`` is known now."""
        return name in self.emitter.view.constants

    def producer(self, name: str) -> onnx.NodeProto | None:
        """The node that computes ``name``; None for inputs and constants."""
        return self.emitter.producers.get(name)

    def is_at_hand(self, name: str) -> bool:
        """Whether the program has ``name`` so far: a node written alone has its own operands only."""
        return name in self.emitter.forms

    def constant(self, name: str) -> Array:
        """The values of a constant operand, of ONNX type. Refuses the node if computed at run time."""
        found = self.emitter.view.constants.get(name)
        if found is None:
            self.refuse(f"its operand {name} must be constant")
        return found

    def integers(self, name: str) -> list[int]:
        """The values of a constant integer operand."""
        return [int(v) for v in np.atleast_1d(self.constant(name))]

    def shape(self, name: str) -> tuple[int, ...]:
        """The ONNX shape of ``name``."""
        return self.emitter.view.shapes[name]

    def tensor_dtype(self, name: str) -> np.dtype[np.generic]:
        """The ONNX element type of ``name``."""
        return self.emitter.view.dtypes[name]

    def const(
        self, value: Array | np.generic | float | list[Any], *, precision: Precision | None = None
    ) -> Any:
        """A constant of this node: floats in its precision, integers as int32, truth values as bool.

        ``precision`` is for the parameters that MIL takes in one precision only, whatever the node's.
        """
        array = self.emitter.mil_array(np.asarray(value), precision or self.precision)
        return self.emitter.const(array, self._temporary("const"))

    def number(self, value: float, *, like: str) -> Any:
        """One number as a scalar constant, of the element type in which ``like`` is held."""
        return self.const(np.asarray(value, self.tensor_dtype(like)))

    def add(self, mil_op: str, **inputs: Any) -> Any:
        """Append a MIL operator; its Var, or its Vars as a tuple.

        Numbers and arrays become constants as by :meth:`const`; words and Vars are taken as they are,
        None as absent. Refuses the node if this opset's MIL does not take them.
        """
        function = getattr(self.emitter.builder, mil_op)
        given = {key: self._operand(value) for key, value in inputs.items() if value is not None}
        try:
            made = function(**given, name=self.emitter.names.take(self._temporary(mil_op)))
        except (ValueError, TypeError, AttributeError, NotImplementedError, AssertionError) as error:
            self.refuse(f"{mil_op} of {self.opset} does not take it ({error})")
        return tuple(made) if isinstance(made, list) else made

    def result(self, var: Any, index: int = 0) -> None:
        """Let ``var`` be output ``index``; it takes the ONNX name if it has none of another value."""
        name = self.node.output[index]
        if name:
            self.emitter.define(name, var, self.precision, where=describe(self.node))

    def refuse(self, reason: str, hint: str = "") -> NoReturn:
        """Raise UnsupportedOperatorError naming the node and ``reason``."""
        message = f"Core ML cannot express {describe(self.node)}: {reason}"
        raise UnsupportedOperatorError(message, hint=hint or HINT)

    def _temporary(self, part: str) -> str:
        first = next(name for name in self.node.output if name)
        return f"{first}_{part}"

    def _operand(self, value: Any) -> Any:
        if isinstance(value, tuple | list) and value and not isinstance(value[0], int | float | np.number):
            return [self._operand(each) for each in value]
        if isinstance(value, bool | np.bool_):
            return bool(value)
        if isinstance(value, int | float | np.number | np.ndarray | list | tuple):
            array = self.emitter.mil_array(np.asarray(value), self.precision)
            return array if array.ndim else array[()]
        return value
