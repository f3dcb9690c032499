"""Vectors that were cells of images stay cells for Core ML: joins, layers, and what is done in between.

::

    ReduceMean keepdims=0 ─┐                            ReduceMean keepdims=1 ─┐
    Reshape [N, C] ────────┴─ Concat ─ Gemm      →      Reshape [N, C, 1, 1] ──┴─ Concat ─ Reshape ─ Gemm

The layer then is a 1×1 Conv (see gates_mil). Taken only where all that the vector leads to are layers
whose results are made images again, so that no Reshape is left over.
"""

from __future__ import annotations

from math import prod

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.rules.turned_mil import plain_window

_UNARY = ("Abs", "Elu", "Exp", "LeakyRelu", "Log", "Neg", "Relu", "Sigmoid", "Sqrt", "Tanh")
_BINARY = ("Add", "Div", "Mul", "Pow", "Sub")
_REDUCTIONS = ("ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum")
_CELL = (1, 1)
_DEEPEST = 12
_SIZE = 4096
"""Elements of a join of cells at most: an operator on it costs what it costs on a few."""


def _join(node: Node, b: Builder) -> Replacement | None:
    """A Concat of vectors as one of cells."""
    if b.rank(node.name) != 2 or node["axis"] not in (1, -1) or not b.type(node.name).is_float:
        return None
    if not _ends_as_image(node.name, b, 0):
        return None
    before = len(b.nodes)
    cells = [_cell(value, b, 0) for value in node.inputs]
    if None in cells:
        del b.nodes[before:]
        return None
    return b.reshape(b.add("Concat", *cells, axis=1), b.shape(node.name))


def _ends_as_image(value: str, b: Builder, depth: int) -> bool:
    """Whether ``value`` [N, C] leads to Reshapes to cells, by layers, joins and activations alone."""
    readers = b.readers(value)
    if b.is_output(value) or not readers or depth > _DEEPEST:
        return False
    for node in readers:
        if node.op == "Reshape" and b.shape(node.name) == (*b.shape(value), *_CELL):
            continue
        is_layer = node.op == "Gemm" and node.inputs[0] == value and _is_layer(node, b)
        is_join = node.op == "Concat" and node["axis"] in (1, -1)
        if node.domain or not (is_layer or is_join or node.op in _UNARY):
            return False
        if not _ends_as_image(node.name, b, depth + 1):
            return False
    return True


def _is_layer(node: Node, b: Builder) -> bool:
    bias = node.input(2)
    plain = node.attributes.get("transB") == 1 and b.is_constant(node.inputs[1])
    return plain and (not bias or (b.is_constant(bias) and b.rank(bias) == 1))


def _cell(value: str, b: Builder, depth: int) -> str | None:
    """``value`` [N, C] as [N, C, 1, 1] in no more operators than before; None if not so."""
    node, shape = b.producer(value), b.shape(value)
    if node is None or node.domain or depth > _DEEPEST:
        return None
    if node.op == "Reshape" and b.shape(node.inputs[0]) == (*shape, *_CELL):
        return node.inputs[0]
    if not b.is_used_once(value) or b.is_output(value):
        return None
    if node.op == "Reshape":
        return b.reshape(node.inputs[0], (*shape, *_CELL))
    if node.op in _REDUCTIONS and b.rank(node.inputs[0]) == 4 and node.input(1):
        axes = b.ints(node.inputs[1])
        if axes is not None and sorted(axis % 4 for axis in axes) == [2, 3]:
            return b.again(node, node.inputs[0], [2, 3], keepdims=1)
    if node.op in _UNARY:
        source = _cell(node.inputs[0], b, depth + 1)
        return None if source is None else b.again(node, source)
    if node.op in _BINARY:
        return _by_number(node, b, depth)
    return None


def _by_number(node: Node, b: Builder, depth: int) -> str | None:
    """Arithmetic with one number."""
    for slot, value in enumerate(node.inputs):
        number = node.inputs[1 - slot]
        if b.scalar(number) is None or b.rank(number) > 2 or b.shape(value) != b.shape(node.name):
            continue
        source = _cell(value, b, depth + 1)
        if source is None:
            return None
        scalar = b.reshape(number, ())
        return b.again(node, *((source, scalar) if slot == 0 else (scalar, source)))
    return None


def _layer(node: Node, b: Builder) -> Replacement | None:
    """A layer whose result is made a cell: its operand is, which others may share."""
    shape, layer = b.shape(node.name), b.producer(node.inputs[0])
    if layer is None or layer.op != "Gemm" or layer.domain or shape[2:] != _CELL or len(shape) != 4:
        return None
    if shape[:2] != b.shape(layer.name) or not b.is_used_once(layer.name) or not _is_layer(layer, b):
        return None
    x, matrix = layer.inputs[0], b.constant(layer.inputs[1])
    if matrix is None or not b.type(x).is_float or b.is_output(layer.name):
        return None
    source = b.reshape(x, (*b.shape(x), *_CELL))
    return b.add("Conv", source, matrix.reshape(*matrix.shape, *_CELL), layer.input(2), **plain_window(2))


def _together(node: Node, b: Builder) -> Replacement | None:
    """Cells that the same operator computes side by side are joined before it."""
    shape = b.shape(node.name)
    if len(shape) != 4 or node["axis"] % 4 != 1 or shape[2:] != _CELL or prod(shape) > _SIZE:
        return None
    said = [_kind(value, b) for value in node.inputs]
    start = 0
    while start < len(said):
        end = start + 1
        while end < len(said) and said[end] == said[start]:
            end += 1
        if said[start] is not None and end - start > 1 and (end - start > 2 or end - start == len(said)):
            return _joined_before(node, start, end, b)
        start = end
    return None


def _kind(value: str, b: Builder) -> tuple[object, ...] | None:
    """What computes ``value``, of one operand and numbers; None for anything else."""
    node = b.producer(value)
    if node is None or node.domain or not b.is_used_once(value) or b.is_output(value):
        return None
    if node.op not in _UNARY + _BINARY or b.shape(node.inputs[0]) != b.shape(value):
        return None
    numbers = tuple(b.scalar(other) for other in node.inputs[1:])
    if None in numbers:
        return None
    return node.op, numbers, tuple(sorted(node.attributes.items()))


def _joined_before(node: Node, start: int, end: int, b: Builder) -> str:
    makers = [b.workspace.producers[value] for value in node.inputs[start:end]]
    joined = b.add("Concat", *(maker.inputs[0] for maker in makers), axis=1)
    result = b.again(makers[0], joined, *makers[0].inputs[1:])
    values = [*node.inputs[:start], result, *node.inputs[end:]]
    return b.concat(values, 1)


RULES = (
    Rule(name="join-of-cells", ops=("Concat",), apply=_join),
    Rule(name="cells-together", ops=("Concat",), apply=_together),
    Rule(name="layer-to-a-cell", ops=("Reshape",), apply=_layer),
)
