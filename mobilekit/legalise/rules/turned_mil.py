"""Values with their axes permuted without a Transpose, by turning what computes them.

::

    x ─ Transpose(0,2,3,1) ─ Add(c) ─ MatMul(W) ─ Reshape ─ v      v, turned by (0,3,1,2), is
    x ─ Add(c turned) ─ Conv(Wᵀ, 1×1) ─ Reshape ─

An operator is turned only if nothing else reads its result, so nothing is computed twice. A product
of matrices takes its operands turned by the last two axes as they are: ``matmul`` of MIL has
``transpose_x`` and ``transpose_y``, and the lowering of MatMul lets them take in such a Transpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.legalise.rules.regroup_mil import is_only_shape, order_before

if TYPE_CHECKING:
    from mobilekit.legalise.builder import Builder
    from mobilekit.legalise.node import Node

_UNARY = frozenset({
    "Abs", "Cast", "Ceil", "Clip", "Cos", "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish",
    "LeakyRelu", "Log", "Mish", "Neg", "Not", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin",
    "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh", "ThresholdedRelu",
})  # fmt: skip
_BINARY = frozenset({"Add", "Div", "Max", "Min", "Mul", "PRelu", "Pow", "Sub"})
_REDUCTIONS = frozenset({
    "ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum",
    "ReduceSumSquare",
})  # fmt: skip
_DEEPEST = 24
_CHANNELS_SECOND = {3: (0, 2, 1), 4: (0, 3, 1, 2), 5: (0, 4, 1, 2, 3)}


def swap_of(rank: int) -> tuple[int, ...]:
    """The permutation that exchanges the last two axes."""
    return (*range(rank - 2), rank - 1, rank - 2)


def is_swap(node: Node | None) -> bool:
    """Whether ``node`` is a Transpose of the last two axes, which a product takes in."""
    if node is None or node.op != "Transpose" or node.domain or not node["perm"]:
        return False
    rank = len(node["perm"])
    return rank >= 2 and tuple(node["perm"]) == swap_of(rank)


def turned(value: str, perm: Sequence[int], b: Builder, *, needs_gain: bool = False) -> str | None:
    """``value`` with its axes permuted, without a new Transpose but in operands of products; None if not so.

    ``needs_gain``: only where some other Transpose is saved by it.
    """
    before = len(b.nodes)
    turning = _Turning(b=b)
    result = turning.of(value, tuple(perm), 0)
    if result is None or (needs_gain and not turning.saved):
        del b.nodes[before:]
        return None
    return result


@dataclass(slots=True, kw_only=True)
class _Turning:
    """One attempt; ``saved`` counts the Transposes that it does without."""

    b: Builder
    saved: int = 0

    def of(self, value: str, perm: tuple[int, ...], depth: int) -> str | None:
        b = self.b
        shape = b.shape(value)
        if is_only_shape(shape, perm):
            return self._named(value, [shape[axis] for axis in perm], depth)
        if b.is_constant(value):
            return b.transpose(value, perm)
        node = b.producer(value)
        if node is None or depth > _DEEPEST:
            return None
        if node.op == "Transpose" and not node.domain:
            self.saved += 1
            return self.of(node.inputs[0], tuple(node["perm"][axis] for axis in perm), depth + 1)
        if node.op == "Reshape" and not node.domain:
            return self._reshape(node, perm, depth + 1)
        if not b.is_used_once(value) or b.is_output(value) or len(node.outputs) != 1:
            return None
        return self._computed(node, perm, depth + 1)

    def _named(self, value: str, shape: list[int], depth: int) -> str:
        """Nothing moves but axes of one cell: a Reshape, and none of a Reshape."""
        b = self.b
        node = b.producer(value)
        if node is None or node.domain or depth > _DEEPEST:
            return b.reshape(value, shape)
        if node.op == "Reshape":
            return b.reshape(node.inputs[0], shape)
        if node.op in _UNARY and b.is_used_once(value) and not b.is_output(value):
            return b.again(node, self._named(node.inputs[0], shape, depth + 1), *node.inputs[1:])
        return b.reshape(value, shape)

    def _reshape(self, node: Node, perm: tuple[int, ...], depth: int) -> str | None:
        b = self.b
        shape = b.shape(node.name)
        order = order_before(b.shape(node.inputs[0]), shape, perm)
        source = None if order is None else self.of(node.inputs[0], order, depth)
        return None if source is None else b.reshape(source, [shape[axis] for axis in perm])

    def _computed(self, node: Node, perm: tuple[int, ...], depth: int) -> str | None:
        """The operator on turned operands."""
        if node.op == "Normalize" and node.domain:
            axes = tuple(sorted(perm.index(axis) for axis in node["axes"]))
            return self._again(node, node.inputs, perm, depth, axes=axes)
        if node.domain:
            return None
        if node.op in _UNARY:
            return self._again(node, node.inputs[:1], perm, depth)
        if node.op in _BINARY:
            return self._again(node, node.inputs, perm, depth)
        if node.op in ("Softmax", "Concat"):
            axis = perm.index(node["axis"] % len(perm))
            return self._again(node, node.inputs, perm, depth, axis=axis)
        if node.op in _REDUCTIONS:
            return self._reduction(node, perm, depth)
        if node.op == "MatMul":
            return self._product(node, perm, depth)
        return None

    def _again(
        self, node: Node, turning: Sequence[str], perm: tuple[int, ...], depth: int, **attributes: object
    ) -> str | None:
        """The first operands turned, the others (bounds, an epsilon) as they are."""
        operands: list[str] = []
        for value in turning:
            other = self.of(self._lifted(value, len(perm)), perm, depth)
            if other is None:
                return None
            operands.append(other)
        return self.b.again(node, *operands, *node.inputs[len(operands) :], **attributes)

    def _lifted(self, value: str, rank: int) -> str:
        """An operand of a broadcasting operator with all axes of the result."""
        shape = self.b.shape(value)
        return self.b.reshape(value, (1,) * (rank - len(shape)) + shape)

    def _reduction(self, node: Node, perm: tuple[int, ...], depth: int) -> str | None:
        axes = self.b.ints(node.input(1))
        if not node["keepdims"] or not axes:
            return None
        source = self.of(node.inputs[0], perm, depth)
        along = sorted(perm.index(axis % len(perm)) for axis in axes)
        return None if source is None else self.b.again(node, source, along)

    def _product(self, node: Node, perm: tuple[int, ...], depth: int) -> str | None:
        """``(A·B)ᵀ = Bᵀ·Aᵀ``; rows of channels times a constant are a 1×1 Conv of channels."""
        b = self.b
        left, right = node.inputs
        if not b.type(node.name).is_float:
            return None
        if perm == swap_of(len(perm)) and min(b.rank(left), b.rank(right)) >= 2:
            return b.add("MatMul", self._operand(right, depth), self._operand(left, depth))
        if perm != _CHANNELS_SECOND.get(len(perm)) or not b.is_constant(right) or b.rank(right) != 2:
            return None
        source = self.of(left, perm, depth)
        return None if source is None else pointwise(source, right, b)

    def _operand(self, value: str, depth: int) -> str:
        """An operand of a product, its last two axes exchanged: always possible."""
        b, swap = self.b, swap_of(self.b.rank(value))
        node = b.producer(value)
        if b.is_constant(value) or (node is not None and is_swap(node)):
            return b.transpose(value, swap) if node is None else node.inputs[0]
        before, saved = len(b.nodes), self.saved
        other = self.of(value, swap, depth)
        if other is not None and self.saved > saved:
            return other
        del b.nodes[before:]
        self.saved = saved
        return b.transpose(value, swap)


def pointwise(x: str, matrix: str, b: Builder) -> str:
    """Channels ``[N, C, …]`` times the constant ``[C, D]``: a Conv with a kernel of one cell."""
    array = b.constant(matrix)
    assert array is not None
    cells = b.rank(x) - 2
    weights = np.ascontiguousarray(array.T).reshape(*array.shape[::-1], *(1,) * cells)
    return b.add("Conv", x, weights, **plain_window(cells))


def plain_window(cells: int) -> dict[str, Any]:
    """All attributes of a Conv over ``cells`` axes with a kernel of one cell."""
    ones = (1,) * cells
    return {"kernel_shape": ones, "strides": ones, "dilations": ones, "group": 1, "pads": (0,) * 2 * cells}
