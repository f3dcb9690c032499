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
from mobilekit.legalise.rule import Refusal
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
    workspace = Workspace(graph.proto())
    engine = Engine(workspace)
    _check_typed(workspace, profile)
    engine.rewrites += single_precision(workspace)
    for stage in PROFILES[profile]:
        engine.run(stage)
    if engine.refusals:
        raise _refused(engine.refusals, profile)
    result = Legalised(
        graph=graph_from_proto(workspace.to_model(), stage="legalised"), rewrites=tuple(engine.rewrites)
    )
    check_same(graph, result.graph, result.rewrites, samples)
    return result


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
    lines = tuple(_line(node, refusal) for node, refusal in refusals)
    shown = "\n".join(f"  {line}" for line in lines) if len(lines) > 1 else lines[0]
    count = f"{len(lines)} operators have no exact form for {profile}:\n" if len(lines) > 1 else ""
    hints = dict.fromkeys(r.hint for _, r in refusals if r.hint)
    hint = "; ".join([*hints, "or convert the whole model with --fallback onnx2tf"])
    return UnsupportedOperatorError(f"{count}{shown}", hint=hint, refusals=lines)


def _line(node: Node, refusal: Refusal) -> str:
    return f"no exact form for {node.op}, opset {node.opset}, node {node.name}: {refusal.got}"
