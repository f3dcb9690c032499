"""TopK: the largest, sorted, on the last axis; ArgMax and ArgMin of every element type.

The smallest are the largest of a number that falls as they grow; numbers without a kernel in LiteRT are
compared as ones that have one and the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule

_LOWEST = np.array(np.iinfo(np.int64).min, np.int64)
_WIDER: Mapping[str, Any] = MappingProxyType(
    {
        **dict.fromkeys(("int8", "uint8", "int16", "uint16", "bool"), np.int32),
        **dict.fromkeys(("uint32", "uint64"), np.int64),
    }
)
TOP_K_LACKS = frozenset(("bool", "uint16", "uint32", "uint64"))
"""Element types without a TOPK_V2 in LiteRT."""

ARG_LACKS = frozenset(("int16", "int64", "uint16", "uint32", "uint64"))
"""Element types without ARG_MAX and ARG_MIN in LiteRT."""


def _top_k(node: Node, b: Builder) -> Replacement | Refusal | None:
    x, k = node.inputs
    if not b.is_constant(k):
        return Refusal(got="K computed at run time", hint="export the model with a constant K")
    rank, kind = b.rank(x), b.dtype(x)
    axis = node["axis"] % rank
    written: dict[str, Any] = {"axis": rank - 1, "largest": 1, "sorted": 1}
    if node.attributes == written and kind.name not in TOP_K_LACKS:
        return None
    perm = [i for i in range(rank) if i != axis] + [axis]
    keys, back = _keys(b.transpose(x, perm), falling=not node["largest"], b=b)
    values, indices = b.add_many("TopK", keys, b.ints(k), outputs=2, **written)
    order = [perm.index(i) for i in range(rank)]
    found = (b.transpose(back(values), order), b.transpose(indices, order))
    return tuple(v if name else "" for v, name in zip(found, node.outputs, strict=False))


def _keys(x: str, *, falling: bool, b: Builder) -> tuple[str, Callable[[str], str]]:
    """Numbers that LiteRT sorts as ``x`` has to be, and the way back to ``x``."""
    kind = b.dtype(x)
    wide = kind
    if kind.name in TOP_K_LACKS or (falling and kind.name in _WIDER):
        wide = np.dtype(_WIDER[kind.name])

    def there(value: str) -> str:
        value = b.cast(value, wide)
        value = b.add("Add", value, _LOWEST) if kind == np.uint64 else value
        return _turned(value, b) if falling else value

    def back(value: str) -> str:
        value = _turned(value, b) if falling else value
        value = b.add("Add", value, _LOWEST) if kind == np.uint64 else value
        return b.cast(value, kind)

    return there(x), back


def _turned(x: str, b: Builder) -> str:
    """An order-reversing map that is its own inverse: −x, and −1 − x for integers (no overflow)."""
    return b.add("Neg", x) if b.type(x).is_float else b.add("Sub", np.asarray(-1, b.dtype(x)), x)


def _arg(node: Node, b: Builder) -> Replacement | None:
    """The position of an extreme: of wider integers, or the first of one that TopK finds."""
    x, kind = node.inputs[0], b.dtype(node.inputs[0])
    if kind.name not in ARG_LACKS or node["select_last_index"]:
        return None
    wide = np.dtype(_WIDER.get(kind.name, np.int64))
    if wide != np.int64:
        return b.again(node, b.cast(x, wide))
    axis = node["axis"] % b.rank(x)
    found = b.add_many("TopK", x, [1], outputs=2, axis=axis, largest=int(node.op == "ArgMax"), sorted=1)[1]
    return b.reshape(found, b.shape(node.name))


RULES = (
    Rule(name="top-k", ops=("TopK",), apply=_top_k),
    Rule(name="arg-type", ops=("ArgMax", "ArgMin"), apply=_arg),
)
