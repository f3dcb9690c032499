"""Gemm as a fully connected layer (B constant, ``[out, in]``) where it is one, else MatMul and Add."""

from __future__ import annotations

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule


def _gemm(node: Node, b: Builder) -> Replacement | Refusal | None:
    a, matrix = node.inputs[:2]
    if not b.type(a).is_float and any(node[name] != int(node[name]) for name in ("alpha", "beta")):
        factors = f"alpha={node['alpha']:g}, beta={node['beta']:g} of {b.dtype(a).name}"
        return Refusal(got=factors, hint="cast to float before it")
    if _is_fully_connected(node, b):
        return None
    left = b.transpose(a, (1, 0)) if node["transA"] else a
    constant = b.constant(matrix)
    if constant is not None and b.type(matrix).is_float:
        scaled = (constant if node["transB"] else constant.T) * constant.dtype.type(node["alpha"])
        bias, late = _bias(node, b)
        product = b.add("Gemm", left, np.ascontiguousarray(scaled), bias, transB=1)
    else:
        late = _scaled(node.input(2), node["beta"], b)
        right = b.transpose(matrix, (1, 0)) if node["transB"] else matrix
        product = _scaled(b.add("MatMul", left, right), node["alpha"], b)
    return b.add("Add", product, late) if late else product


def _is_fully_connected(node: Node, b: Builder) -> bool:
    c = node.input(2)
    return (
        b.is_constant(node.inputs[1])
        and b.type(node.inputs[1]).is_float
        and (not c or (b.is_constant(c) and b.shape(c) == b.shape(node.inputs[1])[:1] and node["beta"] == 1))
        and (node["alpha"], node["transA"], node["transB"]) == (1, 0, 1)
    )


def _bias(node: Node, b: Builder) -> tuple[object, str]:
    """C as a vector for the layer, and what has to be added afterwards instead."""
    c, out = node.input(2), b.shape(node.name)[1]
    array = b.constant(c)
    if not c or array is None:
        return None, _scaled(c, node["beta"], b)
    array = array * array.dtype.type(node["beta"])
    if array.size == 1:
        return np.full(out, array.reshape(()), array.dtype), ""
    if array.shape in ((out,), (1, out)):
        return array.reshape(out), ""
    return None, _scaled(c, node["beta"], b)


def _scaled(value: str, factor: float, b: Builder) -> str:
    return b.add("Mul", value, factor) if value and factor != 1 else value


RULES = (Rule(name="gemm", ops=("Gemm",), apply=_gemm),)
