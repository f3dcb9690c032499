"""What a file does: one run in a child, its invariants, its parity with ONNX Runtime."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.package.invariants import (
    check_activations,
    check_finite,
    check_operators,
    check_output_ranges,
    check_softmax,
    planned_convolutions,
    softmax_outputs,
    written_by_integers,
)
from mobilekit.package.tflite_facts import FileFacts, facts_of
from mobilekit.parity.whole_model import compare
from mobilekit.pipeline.groups import skin_groups
from mobilekit.pipeline.keys import build_key
from mobilekit.pipeline.progress import counting
from mobilekit.pipeline.reference import RecordedSession
from mobilekit.pipeline.stages import Emitted, reference
from mobilekit.runtimes import open_runtime
from mobilekit.runtimes.isolated import IsolatedRun, run_isolated
from mobilekit.store.canonical import write_json

if TYPE_CHECKING:
    from mobilekit.pipeline.opened import Opened
    from mobilekit.quantisation import QuantisationPlan
    from mobilekit.source.graph import Graph


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantised:
    """What a file with integer activations was made from; its invariants follow from both."""

    graph: Graph
    plan: QuantisationPlan


def measure(
    opened: Opened, emitted: Emitted, *, label: str, quantised: Quantised | None
) -> Mapping[str, Any]:
    """Execute, check and compare a file; what was measured, as JSON values.

    Raises UnsoundArtifactError if it crashes, returns NaN or breaks an invariant.
    """
    job = opened.job
    key = {"file": emitted.key, "samples": opened.scoring.digest, **build_key()}

    def build(folder: Path) -> None:
        recorded = reference(opened)
        first = run_isolated(emitted.path, [opened.scoring[0]], timed=True)
        facts = facts_of(emitted.path)
        _check(first, facts, recorded.run(opened.scoring[0]), emitted.path, quantised)
        write_json(folder / "measured.json", _measured(opened, emitted, first, facts, recorded, label))

    result = job.store.stage("measure", key, build)
    found: Mapping[str, Any] = json.loads((result.path / "measured.json").read_text(encoding="utf-8"))
    return found


def _check(
    first: IsolatedRun,
    facts: FileFacts,
    expected: Mapping[str, Any],
    path: Path,
    quantised: Quantised | None,
) -> None:
    check_operators(facts)
    check_finite(first.outputs[0], where=path.name, reference=expected)
    if quantised is None:
        return
    nodes = quantised.graph.proto().graph.node
    check_activations(facts, planned_convolutions(nodes, quantised.plan))
    check_softmax(first.outputs[0], softmax_outputs(nodes, list(first.outputs[0])))
    check_output_ranges(first.outputs[0], written=written_by_integers(quantised.graph, quantised.plan))


def _measured(
    opened: Opened,
    emitted: Emitted,
    first: IsolatedRun,
    facts: FileFacts,
    recorded: RecordedSession,
    label: str,
) -> dict[str, Any]:
    with open_runtime(emitted.path) as candidate:
        report = compare(
            recorded,
            candidate,
            opened.scoring,
            described=opened.job.description.outputs,
            groups=skin_groups(opened),
            progress=counting(opened.job.progress, f"compare {label}"),
        )
    return {
        "parity": report.to_dict(),
        "samples": list(opened.scoring.names),
        "runtime": first.runtime,
        "latency_ms": first.latency_ms,
        "latency_runs": first.runs,
        "memory_bytes": first.memory_bytes,
        "machine": machine(),
        "operators": facts.histogram(),
    }


def machine() -> dict[str, Any]:
    """Where something was measured."""
    return {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count() or 0}
