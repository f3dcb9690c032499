"""Gates of channels for Core ML: fully connected layers of one cell are 1×1 convolutions of it.

::

    x ─ mean ─ Reshape [N, C] ─ Gemm ─ PRelu ─ Gemm ─ Reshape [N, D, 1, 1]
    x ─ mean ─ Conv 1×1 ─ PRelu ─ Conv 1×1

The Neural Engine computes in channels of images anyway, and PRelu of MIL is one operator there alone.
"""

from __future__ import annotations

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.rules.turned_mil import plain_window

_ONE_CELL = (1, 1)
_UNARY = ("Elu", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "PRelu", "Relu", "Sigmoid", "Tanh")


def _gemm(node: Node, b: Builder) -> Replacement | None:
    """A layer of channels that were ``[N, C, 1, 1]`` before."""
    source = _cell(node.inputs[0], b)
    matrix = b.constant(node.inputs[1])
    if source is None or matrix is None or node.attributes.get("transB") != 1:
        return None
    bias = node.input(2)
    if bias and b.rank(bias) != 1:
        return None
    weights = matrix.reshape(*matrix.shape, *_ONE_CELL)
    layer = b.add("Conv", source, weights, bias or None, **plain_window(2))
    return b.reshape(layer, b.shape(node.name))


def _activation(node: Node, b: Builder) -> Replacement | None:
    """An activation of the layer, where it is still an image."""
    source = _cell(node.inputs[0], b)
    before = None if source is None else b.producer(source)
    if source is None or before is None or before.op != "Conv" or not b.is_used_once(node.inputs[0]):
        return None
    slopes: list[str] = []
    if node.op == "PRelu":
        if not b.is_constant(node.inputs[1]) or b.rank(node.inputs[1]) != 2:
            return None
        slopes.append(b.reshape(node.inputs[1], (*b.shape(node.inputs[1]), *_ONE_CELL)))
    return b.reshape(b.again(node, source, *slopes), b.shape(node.name))


def _cell(x: str, b: Builder) -> str | None:
    """The image of one cell of which ``x`` [N, C] is a Reshape."""
    node, shape = b.producer(x), b.shape(x)
    if node is None or node.op != "Reshape" or node.domain or not b.type(x).is_float:
        return None
    return node.inputs[0] if b.shape(node.inputs[0]) == (*shape, *_ONE_CELL) else None


RULES = (
    Rule(name="layer-of-a-cell", ops=("Gemm",), apply=_gemm),
    Rule(name="activation-of-a-cell", ops=_UNARY, apply=_activation),
)
