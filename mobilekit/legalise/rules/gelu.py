"""Gelu as exporters write it: x·½·(1 + erf(x/√2)), the factors in any order."""

from __future__ import annotations

import math

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule

_TOLERANCE = 1e-4


def _gelu(node: Node, b: Builder) -> Replacement | None:
    """::

    x ─┬─ Div √2 ── Erf ── Add 1 ─┐
       └──────────────────────── Mul ── Mul ½      →      x ── Gelu
    """
    runtime, number = _factors(node, b)
    if len(runtime) != 2 or not math.isclose(number, 0.5, rel_tol=_TOLERANCE):
        return None
    for x, gate in (runtime, runtime[::-1]):
        if _is_one_plus_erf(gate, x, b):
            return b.add("Gelu", x, approximate="none")
    return None


def _factors(node: Node, b: Builder) -> tuple[list[str], float]:
    """The runtime factors of a tree of products, and the product of its scalar constants."""
    runtime: list[str] = []
    number = 1.0
    pending = list(node.inputs)
    while pending and len(runtime) < 3:
        name = pending.pop()
        scalar, producer = b.scalar(name), b.producer(name)
        inner = producer.inputs if producer is not None and b.is_used_once(name) else ()
        divisor = b.scalar(inner[1]) if len(inner) == 2 else None
        if scalar is not None:
            number *= scalar
        elif producer is not None and producer.op == "Mul" and inner:
            pending.extend(inner)
        elif producer is not None and producer.op == "Div" and divisor:
            number /= divisor
            pending.append(inner[0])
        else:
            runtime.append(name)
    return runtime, number


def _is_one_plus_erf(gate: str, x: str, b: Builder) -> bool:
    add = b.producer(gate)
    if add is None or add.op != "Add":
        return False
    one, other = sorted(add.inputs, key=b.is_constant, reverse=True)
    erf = b.producer(other)
    if b.scalar(one) != 1 or erf is None or erf.op != "Erf":
        return False
    inner = b.producer(erf.inputs[0])
    if inner is None or inner.op not in ("Div", "Mul") or x not in inner.inputs:
        return False
    if inner.op == "Div" and inner.inputs[0] != x:
        return False
    factor = b.scalar(inner.inputs[1] if inner.inputs[0] == x else inner.inputs[0])
    wanted = math.sqrt(2) if inner.op == "Div" else math.sqrt(0.5)
    return factor is not None and math.isclose(factor, wanted, rel_tol=_TOLERANCE)


RULES = (Rule(name="gelu", ops=("Mul",), apply=_gelu),)
