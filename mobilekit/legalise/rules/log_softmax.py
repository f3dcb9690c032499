"""LogSoftmax written out: no accelerator has it, and LiteRT's own kernel takes twice as long.

``y = d − log Σ exp(d)`` with ``d = x − max x``, as the kernel itself computes it.
"""

from __future__ import annotations

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule


def _log_softmax(node: Node, b: Builder) -> Replacement:
    x = node.inputs[0]
    axes = [node["axis"] % b.rank(x)]
    shifted = b.add("Sub", x, b.add("ReduceMax", x, axes, keepdims=1))
    total = b.add("ReduceSum", b.add("Exp", shifted), axes, keepdims=1)
    return b.add("Sub", shifted, b.add("Log", total))


RULES = (Rule(name="log-softmax", ops=("LogSoftmax",), apply=_log_softmax),)
