"""One model's .tflite file and its onnx-qdq twin: the same integers, operator by operator."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mobilekit import convert, resources
from mobilekit.calibrate.synthetic import synthetic_samples
from mobilekit.errors import MobilekitError
from mobilekit.package.bundle import PLAN_FILE
from mobilekit.parity.integer_operators import Compared, compare_integers
from mobilekit.pipeline.job import described
from mobilekit.runtimes.ort import open_onnx
from tests.accelerators.judged import Verdict

LEAST_SHARE = 0.999
_SAMPLES = 2


def integers(arguments: Mapping[str, Any], built: Path, folder: Path) -> Verdict:
    """The twin of the npu tier's file under ``built``, written into ``folder`` and compared with it."""
    tier = next(built.rglob("npu/manifest.json")).parent
    model = Path(arguments.get("model", resources.demo_model()))
    _, description, _ = described(model, config=None, inputs=arguments.get("inputs"))
    try:
        twin = convert(
            model,
            to="onnx-qdq",
            precision="int8",
            plan=tier / PLAN_FILE,
            inputs=arguments.get("inputs"),
            out=folder,
        )
        with open_onnx(twin.path) as session:
            feeds = synthetic_samples(session.inputs, description, count=_SAMPLES)
        return judged(compare_integers(twin.path, tier / "model.tflite", feeds))
    except MobilekitError as error:
        return Verdict(shown="failed", fault=f"integers: {error.message}")


def judged(found: Compared) -> Verdict:
    """At least 99.9 % of each operator's values within one step of LiteRT's."""
    worst = min((each.within for each in found.operators), default=1.0)
    faults = [
        f"{each.kind} {each.value!r}: {each.within:.3%} within a step, {LEAST_SHARE:.1%} expected"
        for each in found.below(LEAST_SHARE)
    ]
    if not found.operators:
        faults = ["no integer operator to compare"]
    return Verdict(
        shown=f"{len(found.operators)}, {worst:.2%}",
        fault="; ".join(f"integers: {fault}" for fault in faults),
    )
