"""What is published about Apple's hardware, applied to each tier's package; nothing is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mobilekit.pipeline.outlook import named_nodes, origin
from mobilekit.tier import Accelerator, Tier

if TYPE_CHECKING:
    from mobilekit.convert.coreml.lints import ComputeUnits, Lint
    from mobilekit.description import ModelDescription
    from mobilekit.source.graph import Graph


@dataclass(frozen=True, slots=True, kw_only=True)
class LintOutlook:
    """A lint and the ``tiers`` whose packages it is about.

    ``node`` is the node of the model that it comes from, else an input, output or value; empty for the
    graph as a whole.
    """

    rule: str
    node: str
    what: str
    todo: str
    source: str
    tiers: tuple[str, ...]


def lint_outlook(
    graph: Graph,
    tiers: Sequence[Tier],
    *,
    source: Graph,
    description: ModelDescription,
    opset: str = "iOS17",
    inputs: Mapping[str, Sequence[int | str]] | None = None,
) -> tuple[LintOutlook, ...]:
    """The lints about a legalised ``graph`` in the settings of ``tiers``, each said once.

    ``source`` is the model that the graph comes from: its nodes are named. ``inputs`` are the shapes
    that the file declares, open dimensions as words.
    """
    found: dict[Lint, list[str]] = {}
    for tier in tiers:
        for lint in _of(graph, tier, opset, inputs or {}, source, description):
            found.setdefault(lint, []).append(tier.name)
    return _outlooks(found, named_nodes(source.proto()))


def open_shape_outlook(
    inputs: Mapping[str, Sequence[int | str]], tiers: Sequence[Tier]
) -> tuple[LintOutlook, ...]:
    """The lints that can be told of a file whose dimensions nothing fixes."""
    from mobilekit.convert.coreml.lints import open_shapes

    every = [tier.name for tier in tiers]
    return _outlooks(dict.fromkeys(open_shapes(inputs), every), {})


def _outlooks(found: Mapping[Lint, list[str]], nodes: Mapping[str, str]) -> tuple[LintOutlook, ...]:
    return tuple(
        LintOutlook(
            rule=lint.rule,
            node=origin(lint.node, nodes) or lint.node,
            what=lint.what,
            todo=lint.todo,
            source=lint.source,
            tiers=tuple(names),
        )
        for lint, names in found.items()
    )


def compute_units(accelerators: Sequence[Accelerator]) -> ComputeUnits:
    """Core ML's name for the units of a tier; the CPU is always one."""
    if "npu" in accelerators:
        return "all" if "gpu" in accelerators else "cpu_and_ne"
    return "cpu_and_gpu" if "gpu" in accelerators else "cpu_only"


def _of(
    graph: Graph,
    tier: Tier,
    opset: str,
    inputs: Mapping[str, Sequence[int | str]],
    source: Graph,
    description: ModelDescription,
) -> Iterator[Lint]:
    from mobilekit.convert.coreml.lints import impossible_images, lints, open_shapes

    if tier.io == "image":
        yield from impossible_images(source.inputs, description.inputs)
        yield from impossible_images(source.outputs, description.outputs)
    yield from open_shapes(inputs)
    units = compute_units(tier.accelerators)
    yield from lints(graph, opset=opset, compute_units=units, precision=tier.precision)
