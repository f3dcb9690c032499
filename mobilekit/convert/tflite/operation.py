"""What a lowering sees: one ONNX node, its tensors in the layout and precision it was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from mobilekit.convert.integers import (
    Ends,
    Integers,
    bias_integers,
    operand_int8,
    operand_int16,
    weight_integers,
)
from mobilekit.convert.optable import FALLBACK_HINT, describe
from mobilekit.convert.tflite.builder import OptionValue, TensorQuantisation
from mobilekit.convert.tflite.emitter import Form, file_dtype
from mobilekit.convert.tflite.layout import permutation
from mobilekit.convert.tflite.quantisable import int16_rule_of, rule_of
from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.rules.integers import has_kernel

if TYPE_CHECKING:
    from mobilekit.convert.tflite.emitter import Emitter, Order, Storage
    from mobilekit.convert.tflite.fusion import Fused
    from mobilekit.convert.tflite.quantisable import Rule
    from mobilekit.quantisation import OperatorPrecision, Scale
    from mobilekit.tensors import Array


@dataclass(slots=True, kw_only=True)
class Operation:
    """One node to write. ``reads`` and ``writes`` say whether its tensors are channels-last."""

    emitter: Emitter
    fused: Fused
    reads: bool
    writes: bool
    traits: Mapping[str, Any]

    @property
    def storage(self) -> Storage:
        """How the plan has this operator's operands and results: as int8, int16 or float."""
        planned = self._planned
        return planned if planned in ("int8", "int16") else "float"

    @property
    def quantised(self) -> bool:
        """Whether the plan has this operator in int8 or int16."""
        return self.storage != "float"

    @property
    def hybrid(self) -> bool:
        """Whether the weights are int8 and the activations float."""
        return self.emitter.precision == "int8-dynamic" or self._planned == "int8-weights"

    @property
    def _planned(self) -> OperatorPrecision:
        plan = self.emitter.plan
        return plan.precision_of(self.fused.node.output[0]) if plan else "float"

    @property
    def _rule(self) -> Rule | None:
        """The rule of this operator's kernel for integers as wide as its storage."""
        view, node = self.emitter.view, self.fused.node
        lowering = self.emitter.table.find(
            node.op_type, domain=node.domain, opset=view.opsets.get(node.domain, 1)
        )
        return (int16_rule_of if self.storage == "int16" else rule_of)(lowering, view, node)

    @property
    def output(self) -> str:
        """The (first) value that survives fusion."""
        return self.fused.outputs[0]

    @property
    def activation(self) -> dict[str, OptionValue]:
        """The fused activation as an option."""
        return {"fusedActivationFunction": self.fused.activation}

    def shape(self, value: str) -> tuple[int, ...]:
        """The ONNX shape of ``value``."""
        return self.emitter.view.shapes[value]

    def dtype(self, value: str) -> np.dtype[np.generic]:
        """The ONNX element type of ``value``."""
        return self.emitter.view.dtypes[value]

    def is_constant(self, value: str | None) -> bool:
        """Whether ``value`` is known now."""
        return value in self.emitter.view.constants

    def constant(self, value: str) -> Array:
        """The values of a constant operand. Refuses the node if it is computed at run time."""
        found = self.emitter.view.constants.get(value)
        if found is None:
            self.refuse(f"its operand {value} must be constant")
        return found

    def integers(self, value: str) -> list[int]:
        """The values of a constant integer operand."""
        return [int(v) for v in np.atleast_1d(self.constant(value))]

    def refuse(self, reason: str) -> NoReturn:
        """Raise UnsupportedOperatorError naming the node and ``reason``."""
        message = f"TFLite cannot express {describe(self.fused.node)}: {reason}"
        raise UnsupportedOperatorError(message, hint=FALLBACK_HINT)

    def require_kernel(self, value: str) -> None:
        """Refuse the node if the runtime computes something else, or nothing, on the type of ``value``."""
        if not has_kernel(self.fused.node.op_type, self.dtype(value)):
            self.refuse(f"elements of type {self.dtype(value).name} are legalised before, not emitted")

    def order(self, rank: int) -> Order:
        """The axis order of this operator's inputs of that rank."""
        return permutation(rank, channels_last=self.reads)

    def axis(self, axis: int, rank: int) -> int:
        """Where ONNX axis ``axis`` (may be negative) is in this operator's inputs."""
        return self.order(rank).index(axis % rank)

    def input(self, value: str, *, order: Order | None = None, quantised: bool | None = None) -> int:
        """The tensor of a data input, in this operator's layout and precision unless told otherwise."""
        rank = len(self.shape(value))
        storage: Storage = "float" if quantised is False else self.storage
        form = Form(order=self.order(rank) if order is None else order, storage=storage)
        if self.is_constant(value) and form.quantised:
            return self._quantised_constant(value, form.order)
        return self.emitter.form(value, form)

    def operand(self, value: str, rank: int) -> int:
        """An input of a broadcasting operator of output rank ``rank``; constants gain leading axes."""
        if not self.is_constant(value):
            return self.input(value)
        array = self.constant(value)
        if array.size == 1:
            # Where nothing else brings the result's rank, the constants do.
            kept = rank if all(self.is_constant(v) for v in self.fused.node.input if v) else min(rank, 1)
            array = array.reshape((1,) * kept)
        else:
            array = array.reshape((1,) * (rank - array.ndim) + array.shape).transpose(self.order(rank))
        if self.quantised:
            return self.quantise(value, array)
        return self.emitter.constant(value, array)

    def result(self, value: str | None = None, *, order: Order | None = None) -> int:
        """A new tensor for an output, in this operator's layout and precision."""
        value = value or self.output
        order = permutation(len(self.shape(value)), channels_last=self.writes) if order is None else order
        return self.emitter.new_form(value, Form(order=order, storage=self.storage))

    def alias(self, tensor: int, value: str, order: Order) -> None:
        """Let ``value`` be an existing tensor, read in ``order``."""
        draft = self.emitter.builder.tensors[tensor]
        storage: Storage = "float"
        if draft.quantisation is not None:
            storage = "int16" if draft.dtype == np.int16 else "int8"
        self.emitter.forms.setdefault(value, {})[Form(order=order, storage=storage)] = tensor

    def temporary(self, shape: Sequence[int], *, like: int | None = None, dtype: type | None = None) -> int:
        """A tensor between two TFLite operators of this node, float32 unless told otherwise."""
        builder = self.emitter.builder
        name = f"{self.output}/part{len(builder.tensors)}"
        if like is not None:
            draft = builder.tensors[like]
            return builder.tensor(name, shape, draft.dtype, quantisation=draft.quantisation)
        return builder.tensor(name, shape, np.dtype(dtype or np.float32))

    def small(self, array: Array | Sequence[float] | float, *, dtype: type = np.int32) -> int:
        """A constant operand such as axes or sizes."""
        return self.emitter.builder.constant(f"{self.output}/operand", np.array(array, dtype=dtype))

    def floats(self, array: Array, *, name: str = "constant") -> int:
        """A float constant (fp16 behind DEQUANTIZE in an fp16 file)."""
        return self.emitter.constant(f"{self.output}/{name}", file_array(array))

    def add(self, kind: str, inputs: Sequence[int], outputs: Sequence[int], **options: OptionValue) -> None:
        """Append a TFLite operator."""
        self.emitter.builder.operator(kind, inputs, outputs, options)

    def tensor_shape(self, tensor: int) -> tuple[int, ...]:
        """The shape of a tensor of the file."""
        return self.emitter.builder.tensors[tensor].shape

    def scale(self, value: str) -> Scale:
        """The planned scale of a value as this operator reads or writes it."""
        return self.emitter.scale(value, self.storage)

    def quantise(self, name: str, array: Array) -> int:
        """A constant operand in integers: the output's scale for same-scale operators, else its own."""
        result = self.scale(self.output)
        shared = result if self._rule == "same-scale" else None
        if self.storage == "int16":
            return self._integers(f"{name}/int16", operand_int16(array, result=result.scale, shared=shared))
        # Zeros take a scale in proportion: the runtime's sums refuse factors under 1/1024.
        least = result.scale / 512.0 if self.fused.node.op_type in ("Add", "Sub") else 0.0
        made = operand_int8(array, result=result.scale, shared=shared, least=least)
        return self._integers(f"{name}/int8", made)

    def _integers(self, name: str, made: Integers) -> int:
        quantisation = TensorQuantisation(scales=made.scales, zero_points=made.zero_points, axis=made.axis)
        return self.emitter.builder.constant(name, made.array, quantisation=quantisation)

    def _quantised_constant(self, value: str, order: Order) -> int:
        return self.quantise(value, self.constant(value).transpose(order))

    def weights(self, name: str, array: Array, *, axis: int, bias: str | None) -> tuple[int, Array | None]:
        """The weights' tensor, and their scales per slice of ``axis`` if they are int8."""
        if not (self.quantised or self.hybrid):
            halved = self._planned == "fp16-weights"
            return self.emitter.constant(name, file_array(array), halved=halved), None
        offsets = None if bias is None else self.constant(bias)
        made = weight_integers(array, axis=axis, ends=self._ends(), bias=offsets if self.quantised else None)
        return self._integers(f"{name}/int8", made), np.array(made.scales, np.float32)

    def _ends(self) -> Ends | None:
        if not self.quantised:
            return None
        source = self.scale(self.fused.node.input[0]).scale
        return Ends(source=source, result=self.scale(self.output).scale, int16=self.storage == "int16")

    def bias(self, value: str | None, channels: int, *, data: int, scales: Array | None) -> int:
        """The bias tensor (zeros if there is none): int32 (int64 in int16) with scale input x weights."""
        array = (
            np.zeros(channels, np.float32) if value is None else file_array(self.constant(value).reshape(-1))
        )
        name = value or f"{self.output}/bias"
        if not self.quantised or scales is None:
            return self.emitter.builder.constant(name, array)
        quantisation = self.emitter.builder.tensors[data].quantisation
        assert quantisation is not None
        made = bias_integers(
            array,
            source=quantisation.scales[0],
            weight_scales=tuple(scales.tolist()),
            dtype=np.int64 if self.storage == "int16" else np.int32,
        )
        return self._integers(f"{name}/{made.array.dtype.name}", made)


def file_array(array: Array) -> Array:
    """``array`` in the element type that the file uses for it."""
    return np.asarray(array, dtype=file_dtype(array.dtype), order="C")
