"""Gelu and HardSwish written out by exporters, recognised by their values instead of their spelling.

Exporters write x·½·(1 + erf(x/√2)) and its like in a dozen ways. Whatever the nodes between x and the
product are, they are a function of one number: evaluated at a few points, it is one of these or not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.normalise.recognition import Recognition

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node
    from mobilekit.tensors import Array

_POINTS = np.concatenate([np.linspace(-8, 8, 65), np.linspace(-1, 1, 32)])
_TOLERANCE = 1e-5
_LARGEST = 16
_erf = np.vectorize(math.erf, otypes=[np.float64])

_EVALUATED: Mapping[str, Callable[..., Array]] = {
    "Abs": np.abs,
    "Add": np.add,
    "Div": np.divide,
    "Erf": _erf,
    "Exp": np.exp,
    "Max": np.maximum,
    "Min": np.minimum,
    "Mul": np.multiply,
    "Neg": np.negative,
    "Pow": np.power,
    "Relu": lambda x: np.maximum(x, 0),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Sub": np.subtract,
    "Tanh": np.tanh,
}

_KNOWN: tuple[tuple[str, dict[str, Any], Array], ...] = (
    ("Gelu", {"approximate": "none"}, _POINTS * 0.5 * (1 + _erf(_POINTS / math.sqrt(2)))),
    (
        "Gelu",
        {"approximate": "tanh"},
        _POINTS * 0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (_POINTS + 0.044715 * _POINTS**3))),
    ),
    ("HardSwish", {}, _POINTS * np.clip(_POINTS / 6 + 0.5, 0, 1)),
)


def name_activations(editor: Editor) -> list[Recognition]:
    """::

        x ─┬─ Div √2 ── Erf ── Add 1 ─┐
           └──────────────────────── Mul ── Mul ½      →      x ── Gelu

    Requires: opset ≥ 21, types. Ensures: an activation of the table above that was written out is one
    node; must run before constants are folded into neighbours, which would take its factors apart.
    """
    found = []
    for node in editor.nodes:
        if not node.is_op("Mul", "Div") or editor.types[node.outputs[0]].dtype.kind != "f":
            continue
        named = _name(editor, node)
        if named is not None:
            x, op, attributes = named
            editor.replace(node.outputs[0], editor.add(op, [x], at=node, **attributes))
            found.append(Recognition(kind=f"{op} written out", node=node.outputs[0], detail=f"of {x}"))
    if found:
        editor.remove_unused()
    return found


def _name(editor: Editor, node: Node) -> tuple[str, str, dict[str, Any]] | None:
    """``(x, op, attributes)`` of the activation whose value ``node`` is."""
    for x in _candidates(node, editor):
        with np.errstate(all="ignore"):
            values = _evaluate(node, {x: _POINTS}, editor)
        if values is None or values.shape != _POINTS.shape:
            continue
        for op, attributes, expected in _KNOWN:
            if np.allclose(values, expected, rtol=_TOLERANCE, atol=_TOLERANCE):
                return x, op, attributes
    return None


def _candidates(node: Node, editor: Editor) -> list[str]:
    """Values of the result's shape that a small cone of pointwise operators before it reads twice."""
    seen: dict[str, None] = dict.fromkeys(node.inputs)
    pending = list(node.inputs)
    while pending and len(seen) < _LARGEST:
        producer = editor.producer(pending.pop(0))
        if producer is not None and _is_pointwise(producer):
            new = [name for name in producer.inputs if name and name not in seen]
            seen.update(dict.fromkeys(new))
            pending += new
    shape = editor.shape(node.outputs[0])
    runtime = [name for name in seen if name and name not in editor.constants]
    return [name for name in runtime if editor.only_user(name) is None and editor.shape(name) == shape]


def _is_pointwise(node: Node) -> bool:
    return not node.domain and (node.op in _EVALUATED or node.op in ("Clip", "HardSigmoid"))


def _evaluate(node: Node, known: dict[str, Array], editor: Editor) -> Array | None:
    """The node's values where those of ``known`` are given; None if it depends on anything else."""
    operands = []
    for name in node.inputs:
        value = _value(name, known, editor) if name else np.asarray(np.nan)
        if value is None:
            return None
        operands.append(value)
    if node.op == "Clip":
        bounds = [o for o in operands[1:] if not np.isnan(o).all()]
        return np.clip(operands[0], *bounds) if len(bounds) == 2 else None
    if node.op == "HardSigmoid":
        slope, offset = node.attribute("alpha", 0.2), node.attribute("beta", 0.5)
        sloped: Array = np.clip(operands[0] * slope + offset, 0, 1)
        return sloped
    return _EVALUATED[node.op](*operands) if len(operands) <= 2 else None


def _value(name: str, known: dict[str, Array], editor: Editor) -> Array | None:
    if name in known:
        return known[name]
    constant, producer = editor.constant_of(name), editor.producer(name)
    if constant is not None:
        return constant.reshape(()).astype(np.float64) if constant.size == 1 else None
    if producer is None or not _is_pointwise(producer) or len(known) > _LARGEST:
        return None
    value = _evaluate(producer, known, editor)
    if value is not None:
        known[name] = value
    return value
