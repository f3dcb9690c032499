"""Constants of integer operators: weights, biases and operands behind a DequantizeLinear each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.halves import fits_half
from mobilekit.convert.integers import (
    Ends,
    Integers,
    bias_integers,
    operand_int8,
    operand_int16,
    weight_integers,
)

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.qdq.draft import Draft
    from mobilekit.convert.qdq.storage import Storage
    from mobilekit.convert.view import GraphView
    from mobilekit.quantisation import OperatorPrecision, Scale
    from mobilekit.tensors import Array

_OPERANDS_BESIDE_DATA = {"PRelu": (1,)}
"""Inputs that are no data, and integers all the same."""


class Constants:
    """Writes the constants of one model into ``draft``."""

    def __init__(self, draft: Draft, view: GraphView, stored: Storage) -> None:
        self._draft, self._view, self._stored = draft, view, stored
        self._slopes: dict[str, Array] = {}

    def operands(
        self,
        node: onnx.NodeProto,
        places: Sequence[int],
        *,
        rule: str | None,
        width: str,
        result: Scale,
        source: Scale | None,
    ) -> dict[int, str]:
        """The names that the constant inputs of an integer operator get, by their place.

        ``places`` are those of its data, ``source`` is the scale of the input that weights multiply.
        """
        if rule == "weights" and source is not None:
            ends = Ends(source=source.scale, result=result.scale, int16=width == "int16")
            return self._weights(node, ends)
        made = {}
        for place in (*places, *_OPERANDS_BESIDE_DATA.get(node.op_type, ())):
            name = node.input[place]
            array = self._slopes.get(name, self._view.constants.get(name))
            if array is not None:
                shared = result if rule == "same-scale" and place in places else None
                made[place] = self._operand(node, name, array, width, result.scale, shared)
        if node.op_type == "Pad" and len(node.input) > 2 and node.input[2]:
            made[2] = self._filler(node, width, result)
        return made

    def with_slope(self, node: onnx.NodeProto) -> onnx.NodeProto:
        """A LeakyRelu as PRelu with one slope, which its integers say exactly.

        Qualcomm's execution provider makes the former's slope uint8 beside int8 data, which HTP refuses.
        """
        import onnx

        alpha = next((a.f for a in node.attribute if a.name == "alpha"), 0.01)
        slope = self._draft.name(f"{node.output[0]}/slope")
        self._slopes[slope] = np.array([alpha], np.float32)
        return onnx.helper.make_node("PRelu", [node.input[0], slope], [node.output[0]], name=node.name)

    def float_weights(self, node: onnx.NodeProto, precision: OperatorPrecision) -> dict[int, str]:
        """The names of the weights of a float operator whose weights are kept in fewer bits."""
        name = node.input[1] if len(node.input) > 1 else ""
        if precision not in ("int8-weights", "fp16-weights") or name not in self._view.constants:
            return {}
        array = self._view.constants[name]
        if precision == "fp16-weights" and not fits_half(array):
            return {}
        if precision == "fp16-weights":
            half = self._draft.constant(f"{name}/fp16", array.astype(np.float16))
            return {1: self._draft.step("Cast", [half], f"{name}/fp16/float", to=1)}
        if _is_depthwise(node, array) or (node.op_type == "MatMul" and array.ndim != 2):
            return {}  # as in the .tflite file, whose kernels have floats there
        return {1: self._scaled(name, weight_integers(array, axis=_output_axis(node)))}

    def _scaled(self, name: str, made: Integers) -> str:
        """``made`` as floats, by operators that every runtime folds: no NPU takes a DequantizeLinear here."""
        integers = self._draft.constant(f"{name}/{made.array.dtype.name}", made.array)
        shape = [-1 if axis == made.axis else 1 for axis in range(made.array.ndim)]
        scales = np.array(made.scales, np.float32).reshape(shape)
        whole = self._draft.step("Cast", [integers], f"{integers}/whole", to=1)
        factors = self._draft.constant(f"{integers}/scale", scales)
        return self._draft.step("Mul", [whole, factors], f"{integers}/float")

    def _weights(self, node: onnx.NodeProto, ends: Ends) -> dict[int, str]:
        name, bias = node.input[1], node.input[2] if len(node.input) > 2 else ""
        array = self._view.constants[name]
        offsets = self._view.constants[bias] if bias else None
        axis = _output_axis(node)
        weights = weight_integers(array, axis=axis, ends=ends, bias=offsets)
        made = {1: self._dequantised(name, weights, along=axis)}
        if offsets is not None:
            integers = bias_integers(
                offsets.reshape(-1), source=ends.source, weight_scales=weights.scales, dtype=np.int32
            )
            made[2] = self._dequantised(bias, integers, along=0)
        return made

    def _operand(
        self,
        node: onnx.NodeProto,
        name: str,
        array: Array,
        width: str,
        result: float,
        shared: Scale | None,
    ) -> str:
        if width == "int16":
            made = operand_int16(array, result=result, shared=shared)
        else:
            # Zeros take a scale in proportion, as in the .tflite file, whose runtime asks for it.
            least = result / 512.0 if node.op_type in ("Add", "Sub") else 0.0
            made = operand_int8(array, result=result, shared=shared, least=least)
        zeros = self._stored.of(np.array(made.zero_points, made.array.dtype))
        moved = replace(made, array=self._stored.of(made.array), zero_points=tuple(zeros.tolist()))
        return self._dequantised(name, moved)

    def _filler(self, node: onnx.NodeProto, width: str, result: Scale) -> str:
        """The number that a Pad fills in, as its integers say it: the lowest float is none of them."""
        value = self._view.constants[node.input[2]]
        low, high = (-128, 127) if width == "int8" else (-32768, 32767)
        step, zero = result.scale, result.zero_point
        held = np.clip(value.astype(np.float64), (low - zero) * step, (high - zero) * step)
        return self._draft.constant(f"{node.output[0]}/filler", held.astype(np.float32))

    def _dequantised(self, name: str, made: Integers, *, along: int | None = None) -> str:
        """``made`` behind its DequantizeLinear: one scale, or one per slice ``along`` an axis."""
        integers = self._draft.constant(f"{name}/{made.array.dtype.name}", made.array)
        shape = () if along is None else (len(made.scales),)
        scales = np.array(made.scales, np.float32).reshape(shape)
        zeros = np.array(made.zero_points, made.array.dtype).reshape(shape)
        operands = [
            integers,
            self._draft.constant(f"{integers}/scale", scales),
            self._draft.constant(f"{integers}/zero_point", zeros),
        ]
        axis = {} if along is None else {"axis": along}
        return self._draft.step("DequantizeLinear", operands, f"{integers}/float", **axis)


def _is_depthwise(node: onnx.NodeProto, weights: Array) -> bool:
    """Whether every input channel of a convolution has filters of its own."""
    groups = next((a.i for a in node.attribute if a.name == "group"), 1)
    return node.op_type == "Conv" and groups > 1 and weights.shape[1] == 1


def _output_axis(node: onnx.NodeProto) -> int:
    """Where the weights of ``node`` have its output channels."""
    if node.op_type == "Conv":
        return 0
    if node.op_type == "Gemm":
        return 0 if any(a.name == "transB" and a.i for a in node.attribute) else 1
    return 1
