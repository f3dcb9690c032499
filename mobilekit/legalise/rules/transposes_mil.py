"""Transposes for Core ML: those that cancel, that a product takes in, or that a norm lets through.

The Neural Engine keeps channels first: every Transpose of a map in the middle of a network is a copy.
"""

from __future__ import annotations

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.rules.turned_mil import is_swap, pointwise, swap_of, turned


def _transpose(node: Node, b: Builder) -> Replacement | None:
    """What is transposed, computed in that order at once; one Transpose of a Transpose."""
    x, perm = node.inputs[0], tuple(node["perm"])
    result = turned(x, perm, b, needs_gain=is_swap(node) and _is_operand(node.name, b))
    if result is not None:
        return result
    before = b.producer(x)
    if before is None or before.op != "Transpose" or before.domain:
        return None
    return b.transpose(before.inputs[0], [before["perm"][axis] for axis in perm])


def _is_operand(value: str, b: Builder) -> bool:
    """Whether only products read ``value``: values that rules write have no readers in the list yet."""
    readers = [node for node in b.workspace.nodes if value in node.inputs]
    return not b.is_output(value) and all(node.op == "MatMul" and not node.domain for node in readers)


def _product(node: Node, b: Builder) -> Replacement | None:
    """Operands that are cheaper with their last two axes exchanged: ``matmul`` exchanges them back."""
    if not b.type(node.name).is_float:
        return None
    operands = [_operand(value, b) for value in node.inputs]
    return None if operands == list(node.inputs) else b.add("MatMul", *operands)


def _operand(value: str, b: Builder) -> str:
    shape = b.shape(value)
    if b.is_constant(value) or len(shape) < 2 or 1 in shape[-2:] or is_swap(b.producer(value)):
        return value
    swap = swap_of(len(shape))
    other = turned(value, swap, b, needs_gain=True)
    return value if other is None else b.transpose(other, swap)


def _constant_left(node: Node, b: Builder) -> Replacement | None:
    """``A·X`` with a constant A, channels X ``[N, C, cells]``: a 1×1 Conv, of the image that X was before."""
    left, x = node.inputs
    shape, matrix = b.shape(x), b.constant(left)
    if matrix is None or matrix.ndim != 2 or not b.type(x).is_float or b.is_constant(x):
        return None
    source = _image(x, b)
    if source is None and len(shape) != 3:
        return None
    weights = b.workspace.intern(matrix.T.copy(), f"{node.name}/weights")
    return b.reshape(pointwise(source or x, weights, b), b.shape(node.name))


def _image(x: str, b: Builder) -> str | None:
    """The value ``[N, C, H, W]`` whose cells ``x`` has in one axis."""
    node, shape = b.producer(x), b.shape(x)
    if node is None or node.op != "Reshape" or node.domain or len(shape) not in (2, 3):
        return None
    source = b.shape(node.inputs[0])
    batch, channels = (1, shape[0]) if len(shape) == 2 else shape[:2]
    return node.inputs[0] if len(source) == 4 and source[:2] == (batch, channels) else None


def _norm(node: Node, b: Builder) -> Replacement | None:
    """A norm of a Transpose is the Transpose of a norm, where several read it: each may do without."""
    x, before = node.inputs[0], b.producer(node.inputs[0])
    if before is None or before.op != "Transpose" or before.domain or not b.is_used_once(x):
        return None
    if b.is_used_once(node.name):
        return None
    perm = tuple(before["perm"])
    back = tuple(perm.index(axis) for axis in range(len(perm)))
    axes = tuple(sorted(perm[axis] for axis in node["axes"]))
    operands = [turned(value, back, b) for value in node.inputs[1:]]
    if None in operands:
        return None
    return b.transpose(b.again(node, before.inputs[0], *operands, axes=axes), perm)


RULES = (
    Rule(name="transpose-mil", ops=("Transpose",), apply=_transpose),
    Rule(name="product-of-transposed", ops=("MatMul",), apply=_product),
    Rule(name="product-of-channels", ops=("MatMul",), apply=_constant_left),
    Rule(name="norm-of-transposed", ops=("Normalize",), apply=_norm, domain="mobilekit"),
)
