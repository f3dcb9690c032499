"""The program being built: which MIL value holds which ONNX value, in which precision, called what."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mobilekit.convert.coreml.compress import CHANNELS, compressed, is_weight
from mobilekit.convert.coreml.names import Names
from mobilekit.convert.coreml.operation import HINT, Operation
from mobilekit.convert.optable import FALLBACK_HINT, OpTable, describe
from mobilekit.errors import ConversionDisagreementError, UnsupportedOperatorError

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.view import GraphView
    from mobilekit.tensors import Array
    from mobilekit.tier import Compression

Precision = Literal["fp32", "fp16"]
Opset = Literal["iOS15", "iOS16", "iOS17", "iOS18"]

_FLOATS: dict[str, np.dtype[Any]] = {"fp32": np.dtype(np.float32), "fp16": np.dtype(np.float16)}
_HELD = frozenset(
    ("float16", "float32", "float64", "bool")
    + tuple(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
)
"""Element types of ONNX that fp16, fp32, int32 and bool stand for."""
MOST_RANK = 5


class Emitter:
    """Values of one MIL function. ``forms`` maps an ONNX value to its Vars by precision.

    Integers and truth values have one form, under ``"fp32"`` and ``"fp16"`` alike: int32 and bool.
    """

    def __init__(
        self,
        *,
        view: GraphView,
        table: OpTable,
        builder: Any,
        opset: Opset,
        precision: Precision,
        islands: Collection[str] = (),
        compression: Compression = "none",
    ) -> None:
        self.view = view
        self.table = table
        self.builder = builder
        self.opset = opset
        self.precision = precision
        self.islands = frozenset(islands)
        self.names = Names()
        self.forms: dict[str, dict[str, Any]] = {}
        self._named: set[str] = set()
        self._own: list[Any] = []
        self._compression = compression
        self._channels: int | None = None

    @cached_property
    def producers(self) -> Mapping[str, onnx.NodeProto]:
        """The node that computes each value."""
        return {name: node for node in self.view.nodes for name in node.output if name}

    def emit(self, node: onnx.NodeProto) -> None:
        """Write ``node``. Raises UnsupportedOperatorError where the table or MIL has no word for it."""
        island = bool(self.islands.intersection(node.output))
        self._channels = None if self._compression == "none" else CHANNELS.get(node.op_type)
        operation = Operation(emitter=self, node=node, precision="fp32" if island else self.precision)
        try:
            for name in (*self.view.runtime_inputs(node), *(o for o in node.output if o)):
                self._require_held(operation, name)
            self.table.require(node, opset=self.view.opsets.get(node.domain, 1)).call(operation, node)
        except UnsupportedOperatorError as error:
            hint = HINT if error.hint == FALLBACK_HINT else error.hint
            raise UnsupportedOperatorError(error.message, hint=hint) from error
        for name in node.output:
            if name and name not in self.forms:
                message = f"{describe(node)} was emitted without its output {name}"
                raise ConversionDisagreementError(message, hint="this is a bug of mobilekit: report it")

    def _require_held(self, operation: Operation, name: str) -> None:
        """Refuse a value that no MIL tensor holds."""
        shape, dtype = self.view.shapes[name], self.view.dtypes[name]
        if len(shape) > MOST_RANK and operation.node.op_type != "Reshape":
            operation.refuse(f"{name} has rank {len(shape)}, MIL has {MOST_RANK}")
        if 0 in shape:
            operation.refuse(f"{name} has no elements: {list(shape)}")
        if dtype.name not in _HELD:
            operation.refuse(f"{name} is of type {dtype.name}")

    def value(self, name: str, precision: Precision) -> Any:
        """The Var of ``name``; if float, in ``precision``, cast once however many ask for it."""
        forms = self.forms.setdefault(name, {})
        if precision not in forms:
            if name in self.view.constants:
                forms[precision] = self._constant(name, precision)
            else:
                (other,) = forms.values()
                forms[precision] = self.builder.cast(
                    x=other, dtype=precision, name=self.names.take(f"{name}_{precision}")
                )
        return forms[precision]

    def define(self, name: str, var: Any, precision: Precision, *, where: str) -> None:
        """Let ``var`` hold ``name``. Raises ConversionDisagreementError if shape or type is another's."""
        shape, expected = tuple(var.shape), self.mil_dtype(name, precision)
        found = _numpy_dtype(var)
        if shape != held_shape(self.view.shapes[name]) or found != expected:
            message = (
                f"{where}: MIL's {name} is {found.name}{list(shape)},"
                f" ONNX's {expected.name}{list(self.view.shapes[name])}"
            )
            raise ConversionDisagreementError(message, hint="this is a bug of mobilekit: report it")
        floating = self.view.dtypes[name].kind == "f"
        self.forms[name] = {precision: var} if floating else {"fp32": var, "fp16": var}
        if var.op is not None and var.op.op_type != "const" and var.name not in self._named:
            self.rename(var, self.names.take(name))

    def is_only(self, name: str, var: Any) -> bool:
        """Whether ``var`` holds no value but ``name``, as no other name shares it."""
        holders = [value for value, forms in self.forms.items() if any(f is var for f in forms.values())]
        return holders == [name]

    def rename(self, var: Any, name: str) -> None:
        """Call ``var`` (and the operator that makes only it) ``name``, which stays."""
        self._named.add(name)
        var.name = name
        if len(var.op.outputs) == 1:
            var.op.name = name

    def mil_dtype(self, name: str, precision: Precision) -> np.dtype[Any]:
        """The element type in which a node of ``precision`` holds ``name``."""
        return _mil_dtype(self.view.dtypes[name], precision)

    def mil_array(self, array: Array, precision: Precision) -> Array:
        """``array`` in MIL's element type; finite values stay finite. Raises UnsupportedOperatorError."""
        dtype = _mil_dtype(array.dtype, precision)
        if dtype.kind == "i":
            limits = np.iinfo(np.int32)
            if array.size and (array.min() < limits.min or array.max() > limits.max):
                message = f"an integer constant {array.min()} … {array.max()} is outside int32"
                raise UnsupportedOperatorError(message, hint="Core ML has no wider integers")
        if dtype.kind == "f" and array.dtype.itemsize > dtype.itemsize:
            limit = np.finfo(dtype).max
            array = np.where(np.isfinite(array), np.clip(array, -limit, limit), array)
        return np.ascontiguousarray(array, dtype=dtype).reshape(array.shape)

    def _constant(self, name: str, precision: Precision) -> Any:
        array = self.mil_array(self.view.constants[name], precision)
        kind = array.dtype.kind
        island = kind == "f" and self.precision == "fp16" and precision == "fp32"
        label = f"{name}_fp32" if island else name
        return self.const(array, label)

    def const(self, array: Array, label: str) -> Any:
        """A constant called like ``label``; the large weights of a product in fewer bits, where asked for."""
        if self._channels is not None and is_weight(array):
            return compressed(
                self.builder,
                array,
                self.names.take(label),
                self._compression,
                axis=self._channels,
                take=self.names.take,
            )
        var = self.builder.const(val=array if array.ndim else array[()], name=self.names.take(label))
        self._own.append(var.op)
        return var

    def rename_parameters(self, block: Any) -> None:
        """Name the constants that the builder made of parameters: its own names count per process."""
        own = {id(op) for op in self._own}
        for op in block.operations:
            if op.op_type == "const" and id(op) not in own:
                self.rename(op.outputs[0], self.names.take(re.sub(r"_\d+$", "", op.name)))


def held_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the MIL value for an ONNX one: of too many axes a vector, which only Reshape reads."""
    return shape if len(shape) <= MOST_RANK else (prod(shape),)


def _mil_dtype(dtype: np.dtype[Any], precision: Precision) -> np.dtype[Any]:
    if dtype.kind == "f":
        return _FLOATS[precision]
    if dtype.kind == "b":
        return np.dtype(np.bool_)
    return np.dtype(np.int32)


def _numpy_dtype(var: Any) -> np.dtype[Any]:
    from mobilekit.libraries import coremltools

    types = coremltools().converters.mil.mil.types
    found: np.dtype[Any] = np.dtype(types.nptype_from_builtin(var.dtype))
    return found
