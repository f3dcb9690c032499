"""Gelu and HardSwish written out by exporters, recognised by their values instead of their spelling.

Exporters write x·½·(1 + erf(x/√2)) and its like in a dozen ways. Whatever the nodes between x and the
product are, they are a function of one number: evaluated at a few points, it is one of these or not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule

if TYPE_CHECKING:
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


def _pointwise(node: Node, b: Builder) -> Replacement | None:
    """::

    x ─┬─ Div √2 ── Erf ── Add 1 ─┐
       └──────────────────────── Mul ── Mul ½      →      x ── Gelu
    """
    if not b.type(node.name).is_float:
        return None
    for x in _candidates(node, b):
        with np.errstate(all="ignore"):
            values = _evaluate(node, {x: _POINTS}, b)
        if values is None or values.shape != _POINTS.shape:
            continue
        for op, attributes, expected in _KNOWN:
            if np.allclose(values, expected, rtol=_TOLERANCE, atol=_TOLERANCE):
                return b.add(op, x, **attributes)
    return None


def _candidates(node: Node, b: Builder) -> list[str]:
    """Values of the result's shape that a small cone of pointwise operators before it reads twice."""
    seen: dict[str, None] = dict.fromkeys(node.inputs)
    pending = list(node.inputs)
    while pending and len(seen) < _LARGEST:
        producer = b.producer(pending.pop(0))
        if producer is not None and _is_pointwise(producer):
            new = [name for name in producer.inputs if name and name not in seen]
            seen.update(dict.fromkeys(new))
            pending += new
    shape = b.shape(node.name)
    runtime = [name for name in seen if name and not b.is_constant(name)]
    return [name for name in runtime if not b.is_used_once(name) and b.shape(name) == shape]


def _is_pointwise(node: Node) -> bool:
    return not node.domain and (node.op in _EVALUATED or node.op in ("Clip", "HardSigmoid"))


def _evaluate(node: Node, known: dict[str, Array], b: Builder) -> Array | None:
    """The node's values where those of ``known`` are given; None if it depends on anything else."""
    operands = []
    for name in node.inputs:
        value = _value(name, known, b) if name else np.asarray(np.nan)
        if value is None:
            return None
        operands.append(value)
    if node.op == "Clip":
        bounds = [o for o in operands[1:] if not np.isnan(o).all()]
        return np.clip(operands[0], *bounds) if len(bounds) == 2 else None
    if node.op == "HardSigmoid":
        sloped: Array = np.clip(operands[0] * node["alpha"] + node["beta"], 0, 1)
        return sloped
    return _EVALUATED[node.op](*operands) if len(operands) <= 2 else None


def _value(name: str, known: dict[str, Array], b: Builder) -> Array | None:
    if name in known:
        return known[name]
    scalar, producer = b.scalar(name), b.producer(name)
    if scalar is not None:
        return np.asarray(scalar)
    if producer is None or not _is_pointwise(producer) or len(known) > _LARGEST:
        return None
    value = _evaluate(producer, known, b)
    if value is not None:
        known[name] = value
    return value


RULES = (Rule(name="written-out-activation", ops=("Mul", "Div"), apply=_pointwise),)
