"""MatMulInteger, ConvInteger, QLinearMatMul and QLinearConv: exact sums of products of bytes in float32.

Float32 adds whole numbers exactly below 2²⁴, which 258 products of bytes stay under. Longer sums are
made of parts of that length, added in int32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule
from mobilekit.legalise.rules.quantised import saturated

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_EXACT = 2**24
_LARGEST = 255
_TERMS = _EXACT // _LARGEST**2
_SPATIAL = ("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")


def _mat_mul_integer(node: Node, b: Builder) -> Replacement:
    left, right = node.inputs[:2]
    return b.cast(_product(left, node.input(2), right, node.input(3), b), np.int32)


def _qlinear_mat_mul(node: Node, b: Builder) -> Replacement:
    left, left_scale, left_zero, right, right_scale, right_zero, scale, zero = node.inputs
    total = _product(left, left_zero, right, right_zero, b)
    scales = (_rows(left_scale, left, b), _scalar(right_scale, b), _rows(scale, left, b))
    return _requantised(total, scales, _rows(zero, left, b), node, b)


def _conv_integer(node: Node, b: Builder) -> Replacement | Refusal:
    x, w = node.inputs[:2]
    total = _convolution(x, node.input(2), w, node.input(3), node, b)
    return total if isinstance(total, Refusal) else b.cast(total, np.int32)


def _qlinear_conv(node: Node, b: Builder) -> Replacement | Refusal:
    x, x_scale, x_zero, w, w_scale, w_zero, scale, zero = node.inputs[:8]
    total = _convolution(x, x_zero, w, w_zero, node, b)
    if isinstance(total, Refusal):
        return total
    rank = b.rank(x)
    if node.input(8):
        total = b.add("Add", b.cast(total, np.int32), _along_channels(node.inputs[8], rank, b))
    scales = (x_scale, _along_channels(w_scale, rank, b), scale)
    return _requantised(total, scales, zero, node, b)


def _requantised(total: str, scales: Sequence[str], zero: str, node: Node, b: Builder) -> str:
    """saturate(round(total · s₁ · s₂ / s₃) + zero point); the factor of constant scales is one number."""
    first, second, third = scales
    total = b.cast(total, np.float32)
    arrays = [b.constant(value) for value in scales]
    if all(array is not None for array in arrays):
        one, other, by = (np.asarray(array, np.float32) for array in arrays)
        scaled = b.add("Mul", total, one * other / by)
    else:
        scaled = b.add("Mul", total, b.add("Div", b.add("Mul", first, second), third))
    steps = b.add("Round", scaled)
    if zero:
        steps = b.add("Add", steps, b.cast(zero, np.float32))
    return saturated(steps, b.dtype(node.name), b)


def _centred(value: str, zero: str, b: Builder) -> str:
    """Bytes without their zero point, in float32."""
    number = b.cast(value, np.float32)
    array = b.constant(zero) if zero else None
    if not zero or (array is not None and not array.any()):
        return number
    if array is not None and b.is_constant(number):
        centred = np.asarray(b.constant(number)) - array.astype(np.float32)
        return b.workspace.intern(centred.astype(np.float32), f"{value}/centred")
    return b.add("Sub", number, b.cast(zero, np.float32))


def _rows(value: str, beside: str, b: Builder) -> str:
    """A scale or zero point of A: of the tensor, or one for each of its rows."""
    if not value or b.rank(value) != 1 or b.type(value).size == 1:
        return _scalar(value, b)
    return b.reshape(value, (b.type(value).size, 1)) if b.rank(beside) > 1 else value


def _scalar(value: str, b: Builder) -> str:
    return b.reshape(value, ()) if value and b.type(value).size == 1 else value


def _along_channels(value: str, rank: int, b: Builder) -> str:
    if not value or b.type(value).size == 1:
        return _scalar(value, b)
    return b.reshape(value, (1, b.type(value).size, *(1,) * (rank - 2)))


def _product(left: str, left_zero: str, right: str, right_zero: str, b: Builder) -> str:
    """A · B: whole numbers in float32, or in int32 where parts of the common axis are added."""
    left = _centred(left, _rows(left_zero, left, b), b)
    right = _centred(right, _scalar(right_zero, b), b)
    axes = (b.rank(left) - 1, max(0, b.rank(right) - 2))
    parts = [
        b.add("MatMul", b.slice(left, axes[0], start, end), b.slice(right, axes[1], start, end))
        for start, end in _ranges(b.shape(left)[-1], _TERMS)
    ]
    return _total(parts, b)


def _convolution(x: str, x_zero: str, w: str, w_zero: str, node: Node, b: Builder) -> str | Refusal:
    """Conv: whole numbers in float32, or in int32 where parts of the input channels are added."""
    array, shift = b.constant(w), b.constant(w_zero) if w_zero else np.zeros(1)
    if array is None or shift is None:
        return Refusal(got="weights computed at run time", hint="export the weights as constants")
    shape = (-1, *(1,) * (array.ndim - 1))
    weights = (array.astype(np.float32) - shift.reshape(shape if shift.size > 1 else (1,))).astype(np.float32)
    image = _centred(x, _scalar(x_zero, b), b)
    attributes = {name: node.attributes[name] for name in _SPATIAL if name in node.attributes}

    def part(start: int, end: int) -> str:
        return b.add(
            "Conv", b.slice(image, 1, start, end), np.ascontiguousarray(weights[:, start:end]), **attributes
        )

    if node["group"] > 1:
        if _bound(weights) >= _EXACT:
            return Refusal(got=f"sums of {weights[0].size} products in {node['group']} groups")
        return b.add("Conv", image, weights, **attributes)
    ranges = _channel_ranges(weights)
    if ranges is None:
        return Refusal(got=f"a kernel of {list(weights.shape[2:])}", hint="use a smaller kernel")
    return _total([part(start, end) for start, end in ranges], b)


def _bound(weights: Array) -> float:
    """The largest sum that bytes times these weights can reach."""
    return _LARGEST * float(np.abs(weights.reshape(len(weights), -1)).sum(axis=1, dtype=np.float64).max())


def _channel_ranges(weights: Array) -> list[tuple[int, int]] | None:
    """The fewest runs of input channels whose sums are exact; None where one channel's are not."""
    runs, start = [], 0
    for end in range(1, weights.shape[1] + 1):
        if _bound(weights[:, start:end]) >= _EXACT:
            if end - start == 1 or _bound(weights[:, end - 1 : end]) >= _EXACT:
                return None
            runs.append((start, end - 1))
            start = end - 1
    return [*runs, (start, weights.shape[1])]


def _ranges(total: int, most: int) -> list[tuple[int, int]]:
    return [(start, min(start + most, total)) for start in range(0, total, most)]


def _total(parts: Sequence[str], b: Builder) -> str:
    """Parts added in int32; one alone as it is."""
    return parts[0] if len(parts) == 1 else b.chain("Add", [b.cast(part, np.int32) for part in parts])


RULES = (
    Rule(name="matmul-integer", ops=("MatMulInteger",), apply=_mat_mul_integer),
    Rule(name="qlinear-matmul", ops=("QLinearMatMul",), apply=_qlinear_mat_mul),
    Rule(name="conv-integer", ops=("ConvInteger",), apply=_conv_integer),
    Rule(name="qlinear-conv", ops=("QLinearConv",), apply=_qlinear_conv),
)
