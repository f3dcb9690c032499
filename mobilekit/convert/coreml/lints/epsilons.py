"""What is added against division by zero, and is too small for float16."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.coreml.lints.lint import Lint, Setting
from mobilekit.convert.coreml.lints.sources import HALF, HOLLANCE_HALF

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.view import GraphView

_SMALLEST = 6e-8
EPSILON_INPUT = {"Normalize": 3, "GroupNormalize": 3, "RmsNormalize": 2}
"""Where the functions of domain mobilekit have their epsilon."""


def epsilons(view: GraphView, setting: Setting) -> Iterator[Lint]:
    """A lint per norm whose epsilon float16 does not have, and per such constant that is added."""
    if not setting.half:
        return
    for node in view.nodes:
        for name in candidates(node):
            value = view.constants.get(name)
            if value is None or value.dtype.kind != "f" or not value.size:
                continue
            least = float(np.min(value))
            if 0 < least < _SMALLEST:
                yield Lint(
                    rule="epsilon",
                    node=node.output[0],
                    what=f"{node.op_type} adds {least:.3g}, which is zero in float16",
                    todo="train or export with an epsilon of 1e-5 or more: without it float16 divides by"
                    " zero where the variance is zero. The package computes this operator in float32, those"
                    " that read it only where the photos show the need",
                    source=f"{HALF}; {HOLLANCE_HALF}",
                )


def candidates(node: onnx.NodeProto) -> list[str]:
    """The inputs of ``node`` that may be there to keep a divisor from zero."""
    if node.domain == "mobilekit" and node.op_type in EPSILON_INPUT:
        place = EPSILON_INPUT[node.op_type]
        return list(node.input[place : place + 1])
    return list(node.input) if node.op_type in ("Add", "Max") and not node.domain else []
