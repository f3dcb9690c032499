"""Tensors of more axes than Core ML has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mobilekit.convert.coreml.lints.lint import Lint, Setting
from mobilekit.convert.coreml.lints.sources import COREMLTOOLS_RANK

if TYPE_CHECKING:
    from mobilekit.convert.view import GraphView

_MOST = 5


def rank(view: GraphView, setting: Setting) -> Iterator[Lint]:  # noqa: ARG001 - holds in every setting
    """A lint per node with an output of rank six or more."""
    for node in view.nodes:
        ranks = [len(view.shapes[name]) for name in node.output if name]
        if max(ranks, default=0) > _MOST:
            yield Lint(
                rule="rank",
                node=node.output[0],
                what=f"{node.op_type} makes a tensor of {max(ranks)} axes; Core ML has {_MOST}",
                todo="merge axes that stay together, or leave out the batch axis, before the export",
                source=COREMLTOOLS_RANK,
            )
