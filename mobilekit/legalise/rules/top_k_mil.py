"""TopK for Core ML: along any axis, the largest or the smallest, always sorted."""

from __future__ import annotations

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule


def _top_k(node: Node, b: Builder) -> Replacement | Refusal | None:
    x, k = node.inputs
    if not b.is_constant(k):
        return Refusal(got="K computed at run time", hint="export the model with a constant K")
    axis = node["axis"] % b.rank(x)
    if b.dtype(x) == np.bool_:
        return Refusal(got="truth values", hint="cast to float before it")
    wanted = {"axis": axis, "largest": node["largest"], "sorted": 1}
    if node.attributes == wanted:
        return None
    return b.add_many("TopK", x, b.ints(k), outputs=2, **wanted)


RULES = (Rule(name="top-k-mil", ops=("TopK",), apply=_top_k),)
