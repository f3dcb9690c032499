"""Layers of one cell that read the same vector, for Core ML: one Conv, cut into all their parts at once.

Styles of AdaIN are such layers, with what is done to their parts by constants in the weights::

    x ─ Conv a ─ Split ─ Add 1 ─ scale          x ─ Conv of both ─ Split ─ scale
    │              └─────────── offset     →                         ├──── offset
    └── Conv b ─ Split ─ …                                           └──── …

The nodes whose results the parts become are the ends; the first of them is replaced by the whole, the
others are gone. What stood between is read by nothing any more, and so is gone too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.rules.affine_mil import per_channel
from mobilekit.legalise.rules.turned_mil import plain_window

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_SCALED = ("Add", "BatchNormalization", "Mul", "Sub")
_LONGEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Channels of a layer and where they end: ``end`` is ``weights`` [D, C] · x + ``bias`` [D], both float64.

    ``saved`` nodes lie between the layer (or its Split) and the end, the end included.
    """

    end: str
    weights: Array
    bias: Array
    saved: int = 0


def _joined(node: Node, b: Builder) -> Replacement | None:
    """All parts at the first end; nothing at the others, whose values are computed by then."""
    layer = _layer_before(node, b)
    if layer is None:
        return None
    layers = [found for found in b.readers(layer.inputs[0]) if _is_layer(found, b)]
    if layer not in layers:  # the whole itself
        return None
    parts = [part for each in layers for part in _parts(each, b)]
    if not any(part.end in node.outputs for part in parts):
        return None
    splits = sum(_split_of(each.name, b) is not None for each in layers)
    whole = 1 if len(parts) == 1 else 2
    if len(layers) + splits + sum(part.saved for part in parts) <= whole:
        return None
    ends = {part.end for part in parts}
    first = next(found for found in b.workspace.nodes if not ends.isdisjoint(found.outputs))
    return _whole(layer, parts, b) if first.name == node.name else ()


def _whole(layer: Node, parts: list[_Part], b: Builder) -> tuple[str, ...]:
    """One Conv and its Split, whose results are called as the ends."""
    kind = b.dtype(layer.name)
    weights = np.concatenate([part.weights for part in parts])
    bias = np.concatenate([part.bias for part in parts]).astype(kind)
    matrix = weights.astype(kind).reshape(*weights.shape, 1, 1)
    has_bias = bool(bias.any())
    made = b.add("Conv", layer.inputs[0], matrix, bias if has_bias else None, **plain_window(2))
    ends = tuple(part.end for part in parts)
    sizes = [len(part.bias) for part in parts]
    found = (made,) if len(ends) == 1 else b.add_many("Split", made, sizes, outputs=len(ends), axis=1)
    for name, end in zip(found, ends, strict=True):
        b.rename(name, end)
    return ()


def _layer_before(node: Node, b: Builder) -> Node | None:
    """The layer that ``node`` is, cuts, or scales a part of."""
    found: Node | None = node
    for _ in range(_LONGEST):
        if found is None or found.domain:
            return None
        if _is_layer(found, b):
            return found
        if found.op not in ("Split", *_SCALED):
            return None
        computed = [value for value in found.inputs if not b.is_constant(value)]
        found = b.producer(computed[0]) if len(computed) == 1 else None
    return None


def _is_layer(node: Node, b: Builder) -> bool:
    """A 1×1 Conv of one cell, by constants."""
    if node.op != "Conv" or node.domain or dict(node.attributes) != plain_window(2):
        return False
    constants = all(b.is_constant(value) for value in node.inputs[1:])
    return constants and b.shape(node.name)[2:] == (1, 1) and not b.is_constant(node.inputs[0])


def _parts(layer: Node, b: Builder) -> Iterator[_Part]:
    matrix, bias = b.constant(layer.inputs[1]), b.constant(layer.input(2))
    if matrix is None:
        return
    weights = matrix.reshape(matrix.shape[:2]).astype(np.float64)
    offset = np.zeros(len(weights)) if bias is None else bias.astype(np.float64)
    split = _split_of(layer.name, b)
    names = (layer.name,) if split is None else split.outputs
    cuts = np.cumsum([b.shape(name)[1] for name in names])[:-1]
    for name, rows, more in zip(names, np.split(weights, cuts), np.split(offset, cuts), strict=True):
        yield _to_end(_Part(end=name, weights=rows, bias=more), b)


def _split_of(value: str, b: Builder) -> Node | None:
    """The Split into parts of channels that alone reads ``value``."""
    reader = _only_reader(value, b)
    if reader is None or reader.op != "Split" or reader.domain or reader["axis"] not in (1, -3):
        return None
    return reader if all(reader.outputs) else None


def _only_reader(value: str, b: Builder) -> Node | None:
    readers = b.readers(value)
    return readers[0] if len(readers) == 1 and not b.is_output(value) else None


def _to_end(part: _Part, b: Builder) -> _Part:
    """What is read by arithmetic with constants alone is the result of that, and so on."""
    for _ in range(_LONGEST - 2):
        reader = _only_reader(part.end, b)
        affine = None if reader is None else _affine(reader, part.end, b)
        if reader is None or affine is None:
            break
        factor, offset = affine
        part = replace(
            part,
            weights=part.weights * factor[:, None],
            bias=part.bias * factor + offset,
            end=reader.name,
            saved=part.saved + 1,
        )
    return part


def _affine(node: Node, x: str, b: Builder) -> tuple[Array, Array] | None:
    """``node`` as a factor and an offset per channel of ``x``, which it reads once; None if it is none."""
    if node.domain or node.op not in _SCALED or b.shape(node.name) != b.shape(x):
        return None
    is_left = node.inputs[0] == x
    others = node.inputs[1:] if is_left else node.inputs[:1]
    channels = b.shape(x)[1]
    if node.op == "BatchNormalization":
        if node["training_mode"] or not all(b.is_constant(value) for value in others):
            return None
        gamma, beta, mean, variance = (b.workspace.constants[v].astype(np.float64) for v in others)
        factor = gamma / np.sqrt(variance + node["epsilon"])
        return factor, beta - mean * factor
    constant = per_channel(others[0], b.shape(x), b)
    if constant is None:
        return None
    other, ones = constant.astype(np.float64), np.ones(channels)
    if node.op == "Mul":
        return other, np.zeros(channels)
    if node.op == "Add":
        return ones, other
    return (ones, -other) if is_left else (-ones, other)


RULES = (Rule(name="joined-layers", ops=("Conv", "Split", *_SCALED), apply=_joined),)
