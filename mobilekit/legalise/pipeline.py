"""Legalising: rules until nothing changes, then a comparison with what went in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mobilekit.errors import ShapeError, UnsupportedOperatorError, UsageError
from mobilekit.legalise.engine import Engine, Rewrite
from mobilekit.legalise.floats import single_precision
from mobilekit.legalise.node import Node
from mobilekit.legalise.profiles import PROFILES
from mobilekit.legalise.rule import Refusal, line_of, unsupported
from mobilekit.legalise.rules.dynamic import REASONS
from mobilekit.legalise.verify import check_same
from mobilekit.legalise.workspace import Workspace
from mobilekit.source.graph import Graph, graph_from_proto

if TYPE_CHECKING:
    from mobilekit.tensors import Feed


@dataclass(frozen=True, slots=True, kw_only=True)
class Legalised:
    """The graph in legal form, and every rewriting that brought it there, in order."""

    graph: Graph
    rewrites: tuple[Rewrite, ...]


def legalise(graph: Graph, *, profile: str = "tflite-cpu", samples: Sequence[Feed]) -> Legalised:
    """Rewrite a normalised graph into what ``profile`` can say, and compare both on ``samples``.

    Requires: opset ≥ 21, fixed shapes of all values in value_info, constants as initializers.
    Raises UnsupportedOperatorError with every node that has no exact form, PassDisagreementError
    naming the rule if a result changed. Without samples nothing is compared.
    """
    if profile not in PROFILES:
        message = f"unknown profile {profile!r}"
        raise UsageError(message, hint=f"known profiles: {', '.join(sorted(PROFILES))}")
    result, refusals = attempt(graph, profile=profile)
    if refusals:
        raise _refused(refusals, profile)
    check_same(graph, result.graph, result.rewrites, samples)
    return result


def attempt(
    graph: Graph, *, profile: str = "tflite-cpu"
) -> tuple[Legalised, tuple[tuple[Node, Refusal], ...]]:
    """Legalise as far as it goes: refused nodes stay as they are in the graph, and are listed."""
    workspace = Workspace(graph.proto())
    engine = Engine(workspace)
    _check_typed(workspace, profile)
    engine.rewrites += single_precision(workspace)
    for stage in PROFILES[profile]:
        engine.run(stage)
    # A node is looked at in every stage, and can be refused in each.
    refusals = {node.name: (node, refusal) for node, refusal in reversed(engine.refusals)}
    result = graph_from_proto(workspace.to_model(), stage="legalised")
    return Legalised(graph=result, rewrites=tuple(engine.rewrites)), tuple(reversed(refusals.values()))


def _check_typed(workspace: Workspace, profile: str) -> None:
    """Rules need the type of every value: refuse what can have none, and graphs that were not normalised."""
    untyped = [n for n in workspace.nodes if not all(v in workspace.types for v in n.outputs if v)]
    dynamic = [(n, REASONS[n.op]) for n in workspace.nodes if n.op in REASONS and not n.domain]
    if untyped and dynamic:
        raise _refused(dynamic, profile)
    if untyped:
        message = f"no fixed shape for {untyped[0].name}, the result of {untyped[0].op}"
        raise ShapeError(message, hint="give every input a fixed shape: --shape NAME=1,3,512,512")


def _refused(refusals: Sequence[tuple[Node, Refusal]], profile: str) -> UnsupportedOperatorError:
    lines = tuple(line_of(node.op, refusal, opset=node.opset, node=node.name) for node, refusal in refusals)
    return unsupported(lines, profile)
