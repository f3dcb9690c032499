"""What ``inspect --target ios`` warns of: in goes a legalised Graph, out come Lints with their sources.

One rule per file, ``RULES`` in the order they are shown. Nothing is run: a lint is what is published
about Apple's hardware, applied to the graph's operators, shapes and constants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobilekit.convert.coreml.lints.axis_length import axis_length
from mobilekit.convert.coreml.lints.border_types import border_types
from mobilekit.convert.coreml.lints.convolutions import convolutions
from mobilekit.convert.coreml.lints.epsilons import epsilons
from mobilekit.convert.coreml.lints.full_precision import full_precision
from mobilekit.convert.coreml.lints.half_range import half_range
from mobilekit.convert.coreml.lints.impossible_images import impossible_images
from mobilekit.convert.coreml.lints.last_axis import last_axis
from mobilekit.convert.coreml.lints.lint import ComputeUnits, Lint, Rule, Setting
from mobilekit.convert.coreml.lints.movement import movement
from mobilekit.convert.coreml.lints.open_shapes import open_shapes
from mobilekit.convert.coreml.lints.operators import operators
from mobilekit.convert.coreml.lints.rank import rank
from mobilekit.convert.coreml.lints.reductions import reductions
from mobilekit.convert.view import view_of

if TYPE_CHECKING:
    from mobilekit.source.graph import Graph

__all__ = ["RULES", "ComputeUnits", "Lint", "Setting", "impossible_images", "lints", "open_shapes"]

RULES: tuple[Rule, ...] = (
    rank,
    full_precision,
    half_range,
    epsilons,
    reductions,
    operators,
    convolutions,
    axis_length,
    last_axis,
    movement,
    border_types,
)


def lints(
    graph: Graph,
    *,
    opset: str = "iOS17",
    compute_units: ComputeUnits = "all",
    precision: str = "fp16",
) -> tuple[Lint, ...]:
    """What Apple's hardware is said not to like about a legalised ``graph``, rule by rule.

    Raises ShapeError for a graph with a value of unknown shape.
    """
    view = view_of(graph)
    setting = Setting(opset=opset, compute_units=compute_units, precision=precision)
    return tuple(lint for rule in RULES for lint in rule(view, setting))
