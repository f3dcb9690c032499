"""The staged check of a tier: float, then half-precision weights, then integers; each gate with its figures.

A model that fails at a gate fails for a reason of that stage: a wrong conversion at fp32, numbers
that half precision cannot hold at fp16, steps of 1/255 after that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.parity.whole_model import compare
from mobilekit.pipeline.budgets import outside
from mobilekit.pipeline.figures import psnr_of
from mobilekit.pipeline.keys import build_key
from mobilekit.pipeline.progress import counting
from mobilekit.pipeline.stages import emit_file, prepare, reference
from mobilekit.runtimes import open_runtime
from mobilekit.store.canonical import write_json
from mobilekit.tier import PLANNED

if TYPE_CHECKING:
    from mobilekit.pipeline.budgets import RefusedRung
    from mobilekit.pipeline.opened import Opened
    from mobilekit.pipeline.variant import Variant
    from mobilekit.target import Budget

_SAMPLES = 2


def gates_of(
    opened: Opened, variant: Variant, refused: Sequence[RefusedRung], fp16: Budget
) -> list[dict[str, Any]]:
    """Every gate that a tier went through, in order, as JSON; ``fp16`` is the budget of that precision."""
    found = [_gate("fp32", variant.check, ())]
    rungs = {variant.precision, *(rung.precision for rung in refused)}
    if rungs & set(PLANNED) and variant.converter == "mobilekit":
        parity = _half_precision(opened)
        found.append(_gate("fp16", parity, outside(parity, fp16)))
    found += [_gate(rung.scheme, rung.parity, rung.reasons) for rung in refused]
    if variant.precision != "fp32":
        found.append(_gate(variant.scheme.name, variant.measured["parity"], ()))
    return found


def gate_warnings(gates: Sequence[Mapping[str, Any]]) -> list[str]:
    """A warning where half precision loses more than its budget: no rung after it says why."""
    return [
        f"half-precision weights alone are outside their budget: {line}"
        for gate in gates
        if gate["gate"] == "fp16" and len(gates) > 1
        for line in gate["reasons"]
    ]


def _gate(name: str, parity: Mapping[str, Any] | None, reasons: Sequence[str]) -> dict[str, Any]:
    """``psnr_worst_db`` is that of the worst output; null where all are identical, or nothing was built."""
    worst = [psnr_of(output["psnr_db"]["worst"]) for output in parity["outputs"]] if parity else []
    finite = [dB for dB in worst if dB != float("inf")]
    least = min(finite, default=None)
    return {
        "gate": name,
        "passed": not reasons,
        "samples": parity["samples"] if parity else 0,
        "psnr_worst_db": str(least) if least == -float("inf") else least,
        "reasons": list(reasons),
    }


def _half_precision(opened: Opened) -> Mapping[str, Any]:
    """The parity of the fp16 file of the same graph, on a few of the scoring samples."""
    # The recorded reference knows the scoring set's own feeds.
    job, samples = opened.job, opened.scoring.picked(_SAMPLES)
    emitted = emit_file(opened, prepare(opened), precision="fp16")
    key = {"file": emitted.key, "samples": opened.scoring.digest, **build_key()}

    def build(folder: Path) -> None:
        recorded = reference(opened)
        with open_runtime(emitted.path) as candidate:
            report = compare(
                recorded, candidate, list(samples.values()), progress=counting(job.progress, "check fp16")
            )
        write_json(folder / "parity.json", report.to_dict())

    path = job.store.stage("gate-fp16", key, build).path / "parity.json"
    parity: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return parity
