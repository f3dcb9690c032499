"""Activations written out by exporters, recognised by their values instead of their spelling.

Exporters write x·½·(1 + erf(x/√2)) and its like in a dozen ways. Whatever the nodes between x and the
result are, they are a function of one number: evaluated at many points, and wherever one of them turns,
it is one of these or not.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.normalise.activations import FORMS, POINTS, Activation, agree, erf, gelu, mish, slopes
from mobilekit.normalise.node import Node
from mobilekit.normalise.recognition import Recognition
from mobilekit.normalise.turning_points import turning_points

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.tensors import Array

_Curves = dict[Hashable, Activation | None]
_LARGEST = 16
_ENDS = ("Mul", "Div", "Add", "Sub", "Log", "Reciprocal", "Where", "Max", "Min", "Tanh")
"""What the last node of an activation can be; its inner parts are recognised before it."""
_LONGEST = 2 * _LARGEST
_MOST_CHANNELS = 4096

_EVALUATED: Mapping[str, Callable[..., Array]] = {
    "Abs": np.abs,
    "Add": np.add,
    "Div": np.divide,
    "Erf": erf,
    "Exp": np.exp,
    "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal,
    "Less": np.less,
    "LessOrEqual": np.less_equal,
    "Log": np.log,
    "Max": np.maximum,
    "Min": np.minimum,
    "Mish": mish,
    "Mul": np.multiply,
    "Neg": np.negative,
    "Pow": np.power,
    "Reciprocal": np.reciprocal,
    "Relu": lambda x: np.maximum(x, 0),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Softplus": lambda x: np.logaddexp(x, 0),
    "Sqrt": np.sqrt,
    "Sub": np.subtract,
    "Tanh": np.tanh,
    "Where": np.where,
}
_OPERANDS = {"Where": 3}
_WITH_ATTRIBUTES: Mapping[str, Callable[[Array, Node], Array]] = {
    "Clip": lambda x, _: x,  # its bounds are inputs, or none
    "Elu": lambda x, n: np.where(x < 0, n.attribute("alpha", 1.0) * np.expm1(np.minimum(x, 0)), x),
    "Gelu": lambda x, n: gelu(x, n.attribute("approximate", "none")),
    "HardSigmoid": lambda x, n: np.clip(x * n.attribute("alpha", 0.2) + n.attribute("beta", 0.5), 0, 1),
    "HardSwish": lambda x, _: x * np.clip(x / 6 + 0.5, 0, 1),
    "LeakyRelu": lambda x, n: np.where(x < 0, n.attribute("alpha", 0.01) * x, x),
}


def name_activations(editor: Editor) -> list[Recognition]:
    """::

        x ─┬─ Div √2 ── Erf ── Add 1 ─┐
           └──────────────────────── Mul ── Mul ½      →      x ── Gelu

    Requires: opset ≥ 21, types. Ensures: an activation of ``activations.py`` that was written out is one
    node; must run before constants are folded into neighbours, which would take its factors apart.
    """
    found: list[tuple[Node | None, Recognition]] = []
    curves: _Curves = {}
    for node in editor.nodes:
        if not node.is_op(*_ENDS) or editor.types[node.outputs[0]].dtype.kind != "f":
            continue
        named = _name(editor, node, curves)
        if named is None:
            continue
        x, what = named
        target = node.outputs[0]
        operands = [
            editor.add_constant(o.astype(editor.types[x].dtype), f"{target}/{what.op}") for o in what.operands
        ]
        result = editor.add(what.op, [x, *operands], at=node, **what.attributes)
        if what.times_input:
            result = editor.add("Mul", [x, result], at=node)
        named_by = editor.producer(result)
        editor.replace(target, result)
        found.append((named_by, Recognition(kind=f"{what.kind} written out", node=target, detail=f"of {x}")))
    if found:
        editor.remove_unused()
    left = set(editor.nodes)
    return [recognition for node, recognition in found if node in left]  # not the parts of larger ones


def _name(editor: Editor, node: Node, curves: _Curves) -> tuple[str, Activation] | None:
    """``(x, activation)`` whose value ``node`` is; the x farthest from the node wins.

    ``curves`` has what earlier nodes were: a model says the same activation the same way each time.
    """
    best = None
    for x in _candidates(node, editor):
        spelling = _spelling(editor, node, x)
        if spelling is None:
            continue
        if spelling not in curves:
            curves[spelling] = _curve_of(editor, node, x)
        what = curves[spelling]
        if what is not None and not _is_itself(editor, node, x, what):
            best = x, what
    return best


def _curve_of(editor: Editor, node: Node, x: str) -> Activation | None:
    with np.errstate(all="ignore"):
        what = _recognised(editor, node, x)
        return what if what is not None and _holds(editor, node, x, what) else None


def _spelling(editor: Editor, node: Node, x: str) -> Hashable | None:
    """What ``node`` computes from ``x``, without names; None if it depends on anything else.

    Nodes with the same spelling have the same values at the same ``x``.
    """
    places: dict[str, int] = {x: 0, "": -1}
    lines: list[Hashable] = [len(editor.shape(x))]

    def place(name: str) -> bool:
        if name in places:
            return True
        constant, producer = editor.constant_of(name), editor.producer(name)
        if constant is not None:
            lines.append((constant.dtype.str, constant.shape, constant.tobytes()))
        elif (
            producer is None or not _is_pointwise(producer) or len(lines) > 2 * _LARGEST or not line(producer)
        ):
            return False
        places[name] = len(lines)
        return True

    def line(node: Node) -> bool:
        if not all(place(name) for name in node.inputs):
            return False
        attributes = tuple(sorted((k, repr(v)) for k, v in node.attributes.items()))
        lines.append((node.op, attributes, tuple(places[name] for name in node.inputs)))
        return True

    return tuple(lines) if line(node) else None


def _is_itself(editor: Editor, node: Node, x: str, what: Activation) -> bool:
    """Whether the node says it in as few nodes already."""
    if what.times_input:
        factors = [editor.producer(n) for n in node.inputs if n != x]
        return node.is_op("Mul") and any(
            f is not None and f.is_op(what.op) and f.inputs == [x] for f in factors
        )
    return node.op == what.op and node.inputs[0] == x


def _holds(editor: Editor, node: Node, x: str, what: Activation) -> bool:
    """Whether the node has the curve between the points too: wherever one of its operators turns."""
    tail = (1,) * (len(editor.shape(x)) if what.op == "PRelu" else 0)
    channels = what.op == "PRelu"

    def spread(points: Array) -> Array:
        return points.reshape(-1, *tail)

    def operands(points: Array) -> list[tuple[Array, ...]] | None:
        known = {x: spread(points)}
        values = _evaluate(node, known, editor, channels=channels)
        return None if values is None else _operands(editor, node, known, channels=channels)

    constants = [editor.constants[n].reshape(-1) for n in _constants(editor, node, x)]
    start = np.concatenate([POINTS, *(sign * c for c in constants for sign in (1, -1))])
    points = turning_points(operands, start[np.isfinite(start)])
    if points is None:
        return False
    values = _evaluate(node, {x: spread(points)}, editor, channels=channels)
    wanted = _curve(what, spread(points))
    return values is not None and agree(values, np.broadcast_to(wanted, values.shape), points)


def _curve(what: Activation, x: Array) -> Array:
    if what.op == "PRelu":
        return np.where(x < 0, what.operands[0][None] * x, x)
    if what.op == "Clip":
        return np.clip(x, *what.operands)
    if what.op in _WITH_ATTRIBUTES:
        like = Node(op=what.op, inputs=[], outputs=[], attributes=dict(what.attributes))
        values = _WITH_ATTRIBUTES[what.op](x, like)
    else:
        values = _EVALUATED[what.op](x)
    return np.asarray(x * values if what.times_input else values)


def _cone(editor: Editor, node: Node, x: str) -> list[Node]:
    """The node and those between it and x."""
    found: dict[Node, None] = {node: None}
    pending = [node]
    while pending:
        for name in pending.pop().inputs:
            producer = editor.producer(name)
            if name != x and producer is not None and producer not in found:
                found[producer] = None
                pending.append(producer)
    return list(found)


def _constants(editor: Editor, node: Node, x: str) -> list[str]:
    names = dict.fromkeys(n for each in _cone(editor, node, x) for n in each.inputs)
    return [n for n in names if n in editor.constants and editor.constants[n].dtype.kind in "fiu"]


def _operands(
    editor: Editor, node: Node, known: dict[str, Array], *, channels: bool
) -> list[tuple[Array, ...]]:
    """What every operator of the cone reads, at the points of ``known``."""
    (x, *_) = known
    return [
        tuple(
            value
            for value in (_value(name, known, editor, channels=channels) for name in each.inputs if name)
            if value is not None
        )
        for each in _cone(editor, node, x)
    ]


def _recognised(editor: Editor, node: Node, x: str) -> Activation | None:
    values = _evaluate(node, {x: POINTS}, editor)
    if values is not None and values.shape == POINTS.shape:
        return next((a for a in (form(values) for form in FORMS) if a is not None), None)
    spread = POINTS.reshape(-1, *(1,) * len(editor.shape(x)))
    values = _evaluate(node, {x: spread}, editor, channels=True)
    return None if values is None else slopes(values, spread)


def _candidates(node: Node, editor: Editor) -> list[str]:
    """Values of the result's shape in the small cone of pointwise operators before it, nearest first."""
    seen: dict[str, None] = dict.fromkeys(node.inputs)
    pending = list(node.inputs)
    while pending and len(seen) < _LARGEST:
        producer = editor.producer(pending.pop(0))
        if producer is not None and _is_pointwise(producer):
            new = [name for name in producer.inputs if name and name not in seen]
            seen.update(dict.fromkeys(new))
            pending += new
    expected = editor.types[node.outputs[0]]
    runtime = [name for name in seen if name and name not in editor.constants]
    return [name for name in runtime if editor.types[name] == expected]


def _is_pointwise(node: Node) -> bool:
    return not node.domain and (node.op in _EVALUATED or node.op in _WITH_ATTRIBUTES)


def _evaluate(node: Node, known: dict[str, Array], editor: Editor, *, channels: bool = False) -> Array | None:
    """The node's values where those of ``known`` are given; None if it depends on anything else.

    With ``channels``, constants may have more than one element: they follow the axis of the points.
    """
    operands = []
    for name in node.inputs:
        value = _value(name, known, editor, channels=channels) if name else np.asarray(np.nan)
        if value is None:
            return None
        operands.append(value)
    if node.op == "Clip":
        low, high = (*operands[1:], np.asarray(np.nan), np.asarray(np.nan))[:2]
        return np.asarray(np.fmin(np.fmax(operands[0], low), high))  # nan: no bound
    if node.op in _WITH_ATTRIBUTES:
        return _WITH_ATTRIBUTES[node.op](operands[0], node)
    if len(operands) > _OPERANDS.get(node.op, 2):
        return None
    return np.asarray(_EVALUATED[node.op](*operands))


def _value(name: str, known: dict[str, Array], editor: Editor, *, channels: bool) -> Array | None:
    if name in known:
        return known[name]
    constant, producer = editor.constant_of(name), editor.producer(name)
    if constant is not None:
        return _constant(constant, channels=channels)
    if producer is None or not _is_pointwise(producer) or len(known) > _LARGEST:
        return None
    value = _evaluate(producer, known, editor, channels=channels)
    if value is not None:
        known[name] = value
    return value


def _constant(value: Array, *, channels: bool) -> Array | None:
    if value.dtype.kind not in "fiub" or not value.size:
        return None
    wide = value.astype(np.float64) if value.dtype.kind != "b" else value
    first = wide.reshape(-1)[0]
    if (wide == first).all():
        return np.asarray(first)
    return wide[None] if channels and value.size <= _MOST_CHANNELS else None
