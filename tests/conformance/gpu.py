"""Every case on the GPU: accepted and right, refused and by whom, or wrong, which none may be.

python -m tests.conformance.gpu [OPERATOR…]

Each case is converted with the GPU's profile in float32 and opened with ``open_runtime``'s GPU session.
Writes ``results_gpu.json`` and ``docs/operators.md``; ends with 1 if anything is wrong, 2 without a GPU.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from mobilekit.convert.tflite.api import emit
from mobilekit.convert.tflite.delegates.operators import operators_of_file
from mobilekit.convert.tflite.delegates.predict import predict
from mobilekit.convert.tflite.delegates.published import published_lists
from mobilekit.description import ModelDescription
from mobilekit.errors import AcceleratorError, MobilekitError, UnsoundArtifactError
from mobilekit.legalise.pipeline import legalise
from mobilekit.legalise.profiles import PROFILES
from mobilekit.normalise.pipeline import normalise
from mobilekit.runtimes.litert import open_tflite
from mobilekit.runtimes.litert_gpu import GpuProcess, GpuSession
from mobilekit.source.load import load
from tests.conformance import case_list, document, judge, runner, wheel
from tests.conformance.accelerators import brief
from tests.conformance.wheel import Case

RESULTS = Path(__file__).parent / "results_gpu.json"
PROFILE = "tflite-gpu"
ACCEPTED = "accepted"
PARTLY = "in part"
REFUSED = "refused"
NOT_CONVERTED = "not converted"
WRONG = "WRONG"
STATUSES = (ACCEPTED, PARTLY, REFUSED, NOT_CONVERTED, WRONG)
_TIMEOUT_S = 120.0
_EVERY = 100
_LONGEST = 200
_NAMES = re.compile(r"(?<=\s)'[^']*'|/\S*\.(?:tflite|onnx)")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the GPU made of a case; ``listed`` is what its published list says where that differs."""

    case: str
    operator: str
    status: str
    detail: str = ""
    listed: str = ""

    def entry(self) -> Any:
        """As it is kept."""
        said = {"status": self.status, "detail": self.detail, "list": self.listed}
        kept = {key: value for key, value in said.items() if value}
        return self.status if len(kept) == 1 else kept


def run_case(name: str, gpu: GpuProcess) -> Outcome:
    """Convert a case for the GPU, run it there and judge it."""
    case = wheel.load(name)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "model.tflite"
        try:
            path.write_bytes(_converted(case, Path(folder)))
        except MobilekitError as error:
            return _outcome(case, NOT_CONVERTED, error.message)
        listed = predict(operators_of_file(path), published_lists()["gpu"])
        said = "; ".join(sorted({f"{r.operator}: {r.reason}" for r in listed.refused}))
        try:
            with GpuSession(path, gpu, precision="fp32", owns_process=False) as session:
                taken = session.acceleration
                wrong = _wrong(case, path, session, Path(folder))
        except AcceleratorError as error:
            foretold = listed.refused or "buffers do not carry" in error.message
            return _outcome(case, REFUSED, error.message, listed="" if foretold else "takes it")
        except UnsoundArtifactError as error:
            return _outcome(case, WRONG, error.message, listed=said)
        if wrong:
            return _outcome(case, WRONG, wrong, listed=said)
        if not taken.whole:
            reasons = "; ".join(sorted({f"{r.kind}: {r.reason}" for r in taken.refused}))
            return _outcome(case, PARTLY, reasons, listed="" if listed.refused else "takes it")
        return _outcome(case, ACCEPTED, listed=said)


def _converted(case: Case, folder: Path) -> bytes:
    onnx.save(case.model, folder / "model.onnx")
    graph = load(folder / "model.onnx", shapes=runner._empty(case))
    samples = [{key: runner._finite(values) for key, values in case.feed.items()}]
    legal = legalise(normalise(graph, samples=samples).graph, profile=PROFILE, samples=samples).graph
    description = ModelDescription(name=case.name)
    return emit(
        legal,
        precision="fp32",
        description=description,
        source_inputs=graph.inputs,
        source_outputs=graph.outputs,
    )


def _wrong(case: Case, path: Path, session: GpuSession, folder: Path) -> str:
    """What is wrong with the case's own values, by the wheel or ONNX Runtime; with others, by the CPU.

    Where the CPU has no number, the GPU may have any.
    """
    outputs = session.run(case.feed)
    found = _differences(case.expected, outputs)
    reference = runner._reference(folder / "model.onnx", case.feed) if found else {}
    if found and (not reference or _differences(reference, outputs)):
        return found
    with open_tflite(path) as cpu:
        for feed in runner._others(case.feed):
            values = {key: np.asarray(value) for key, value in feed.items()}
            expected, got = cpu.run(values), session.run(values)
            numbers = {key: _numbers(value, got[key]) for key, value in expected.items()}
            found = _differences(expected, numbers)
            if found:
                return f"on other values than its own: {found}"
    return ""


def _differences(expected: Mapping[str, np.ndarray], actual: Mapping[str, np.ndarray]) -> str:
    found = {key: judge.difference(expected[key], actual[key]) for key in expected}
    return "; ".join(f"output {key}: {what}" for key, what in found.items() if what)


def _numbers(expected: np.ndarray, got: np.ndarray) -> np.ndarray:
    return (
        np.where(np.isfinite(expected), got, expected).astype(got.dtype)
        if expected.dtype.kind == "f"
        else got
    )


def _outcome(case: Case, status: str, detail: str = "", *, listed: str = "") -> Outcome:
    text = brief(_NAMES.sub("…", detail), _LONGEST)
    return Outcome(case=case.name, operator=case.operator, status=status, detail=text, listed=listed)


def sweep(names: Sequence[str]) -> Iterator[Outcome]:
    """The outcomes of ``names`` in order, all in one process of the GPU's while it lives."""
    with GpuProcess(timeout_s=_TIMEOUT_S) as gpu:
        for done, name in enumerate(names, start=1):
            yield run_case(name, gpu)
            if done % _EVERY == 0:
                sys.stderr.write(f"gpu: {done} of {len(names)} cases\n")


def structure() -> dict[str, list[str]]:
    """What decides the GPU's forms: the rules of its profile that the CPU's has not."""
    common = {rule.name for stage in PROFILES["tflite-cpu"] for rule in stage}
    rules = [rule for stage in PROFILES[PROFILE] for rule in stage if rule.name not in common]
    return {"rules": [f"{rule.name}: {' '.join(rule.ops)}" for rule in rules]}


def as_json(outcomes: Sequence[Outcome], device: str) -> dict[str, Any]:
    """Outcomes by operator and case, with the device and versions."""
    operators: dict[str, dict[str, Any]] = {}
    for outcome in sorted(outcomes, key=lambda o: (o.operator, o.case)):
        operators.setdefault(outcome.operator, {})[outcome.case] = outcome.entry()
    tools = {tool: version(tool) for tool in ("onnx", "ai-edge-litert")}
    return {"device": device, "tools": tools, "operators": operators, "structure": structure()}


def committed() -> dict[str, Any]:
    """The results that the column of ``docs/operators.md`` is made of."""
    found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return found


def status(kept: str | Mapping[str, str]) -> str:
    """The status of a kept outcome."""
    return kept if isinstance(kept, str) else kept["status"]


def main() -> int:
    """Run, report, write; the exit status."""
    from mobilekit.runtimes.adapters import find_adapter

    found = find_adapter()
    if found.adapter is None:
        sys.stdout.write(f"gpu: not run, {found.reason}\n")
        return 2
    started, names = time.monotonic(), case_list.cases(*sys.argv[1:])
    outcomes = list(sweep(names))
    content = as_json(outcomes, found.adapter.name)
    if sys.argv[1:]:
        content = {
            **content,
            "operators": dict(sorted({**committed()["operators"], **content["operators"]}.items())),
        }
    RESULTS.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    document.FILE.write_text(document.page(), encoding="utf-8")
    for outcome in outcomes:
        if outcome.status == WRONG or outcome.listed:
            sys.stdout.write(
                f"{outcome.status}\t{outcome.case}\t{outcome.detail}\t[list: {outcome.listed}]\n"
            )
    counts = Counter(outcome.status for outcome in outcomes)
    listed = ", ".join(f"{counts[each]} {each}" for each in STATUSES if counts[each])
    sys.stdout.write(f"gpu ({found.adapter.name}): {listed}; {time.monotonic() - started:.0f} s\n")
    return int(counts[WRONG] > 0)


if __name__ == "__main__":
    sys.exit(main())
