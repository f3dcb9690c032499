"""What a file does: one run in a child, its invariants, its parity with ONNX Runtime."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.package.invariants import check_finite
from mobilekit.parity.whole_model import compare
from mobilekit.pipeline.displayed import DisplayedSession
from mobilekit.pipeline.formats import format_of
from mobilekit.pipeline.formats.base import Quantised
from mobilekit.pipeline.groups import skin_groups
from mobilekit.pipeline.keys import build_key
from mobilekit.pipeline.progress import counting
from mobilekit.pipeline.stages import Emitted, reference
from mobilekit.runtimes import open_runtime
from mobilekit.runtimes.isolated import IsolatedRun, run_isolated
from mobilekit.store.canonical import write_json

if TYPE_CHECKING:
    from mobilekit.pipeline.opened import Opened
    from mobilekit.runtimes.base import Session
    from mobilekit.tier import Io


def measure(
    opened: Opened, emitted: Emitted, *, label: str, quantised: Quantised | None, io: Io = "float32"
) -> Mapping[str, Any]:
    """Execute, check and compare a file; what was measured, as JSON values.

    A file whose ``io`` is ``image`` is compared with what pictures of the outputs show.

    Raises UnsoundArtifactError if it crashes, returns NaN or breaks an invariant.
    """
    job = opened.job
    key = {"file": emitted.key, "samples": opened.scoring.digest, "io": io, **build_key()}

    def build(folder: Path) -> None:
        recorded: Session = reference(opened)
        if io == "image":
            recorded = DisplayedSession(recorded, job.description.outputs)
        first = run_isolated(emitted.path, [opened.scoring[0]], timed=True)
        chosen = format_of(job.format)
        operators = chosen.examine(emitted.path)
        outputs = first.outputs[0]
        check_finite(outputs, where=emitted.path.name, reference=recorded.run(opened.scoring[0]))
        if quantised is not None:
            chosen.check_planned(emitted.path, outputs, quantised)
        found = _measured(opened, emitted, first, operators, recorded, label, pixels=io == "image")
        write_json(folder / "measured.json", found)

    result = job.store.stage("measure", key, build)
    found: Mapping[str, Any] = json.loads((result.path / "measured.json").read_text(encoding="utf-8"))
    return found


def _measured(
    opened: Opened,
    emitted: Emitted,
    first: IsolatedRun,
    operators: Mapping[str, int],
    recorded: Session,
    label: str,
    *,
    pixels: bool,
) -> dict[str, Any]:
    with open_runtime(emitted.path) as candidate:
        report = compare(
            recorded,
            candidate,
            opened.scoring,
            described=opened.job.description.outputs,
            groups=skin_groups(opened),
            pixels=pixels,
            progress=counting(opened.job.progress, f"compare {label}"),
        )
    return {
        "parity": report.to_dict(),
        "samples": list(opened.scoring.names),
        "runtime": first.runtime,
        "latency_ms": first.latency_ms if first.runs else None,
        "latency_runs": first.runs,
        "memory_bytes": first.memory_bytes,
        "machine": machine(),
        "operators": dict(operators),
    }


def machine() -> dict[str, Any]:
    """Where something was measured."""
    return {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count() or 0}
