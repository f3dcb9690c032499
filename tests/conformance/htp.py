"""Cases of every operator on Qualcomm's HTP: in float16, and in int8 where operators of it have integers.

python -m tests.conformance.htp [OPERATOR…]

Each case is written as ONNX for HTP (``onnx-qdq``) and opened with the CPU's help forbidden. In float16 a
result is right within 2e-2 of the expected output's range; in int8 by steps, against the same file in ONNX
Runtime. Writes ``results_htp.json`` and ``docs/operators.md``; ends with 1 where a case is accepted no
more, with 2 without the provider.
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
from typing import Any, Literal

import numpy as np
import onnx

from mobilekit.convert import qdq
from mobilekit.convert.tflite.quantisable import operators
from mobilekit.errors import MobilekitError
from mobilekit.legalise.pipeline import legalise
from mobilekit.normalise.pipeline import normalise
from mobilekit.runtimes import qnn
from mobilekit.runtimes.ort import open_onnx
from mobilekit.source.graph import Graph
from mobilekit.source.load import load
from tests.conformance import case_list, document, judge, runner, wheel
from tests.conformance.accelerators import brief
from tests.conformance.wheel import Case
from tests.convert.qdq.conftest import plan_of

RESULTS = Path(__file__).parent / "results_htp.json"
ACCEPTED = "accepted"
REFUSED = "refused"
NOT_CONVERTED = "not converted"
INEXACT = "inexact"
NO_INTEGERS = "no integers"
STATUSES = (ACCEPTED, REFUSED, NOT_CONVERTED, INEXACT)
Arithmetic = Literal["fp16", "int8"]
_NAMES = re.compile(r"'[^']*'|/\S*\.onnx")
_VALUE = re.compile(r" '[^']*':")
_TIMEOUT_S = 120.0
_EVERY = 50
_LONGEST = 160
_STEPS = 2
_MOST = 3
_SHARE = 0.99


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What HTP made of a case in one arithmetic."""

    case: str
    operator: str
    arithmetic: Arithmetic
    status: str
    detail: str = ""

    def entry(self) -> Any:
        """As it is kept."""
        return {"status": self.status, "detail": self.detail} if self.detail else self.status


def run_case(name: str, htp: qnn.HtpProcess) -> Iterator[Outcome]:
    """Convert a case, run it on HTP and judge it: in float16, then in int8 if any of it can be."""
    case = wheel.load(name)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            graph = _legalised(case, Path(folder))
        except MobilekitError as error:
            yield _outcome(case, "fp16", NOT_CONVERTED, error.message)
            return
        path = Path(folder) / "model.qdq.onnx"
        path.write_bytes(qdq.emit(graph, precision="fp32"))
        yield _tried(case, path, htp, "fp16")
        content = _in_integers(graph, case)
        if content is not None:
            path.write_bytes(content)
            yield _tried(case, path, htp, "int8")


def _legalised(case: Case, folder: Path) -> Graph:
    onnx.save(case.model, folder / "model.onnx")
    graph = load(folder / "model.onnx", shapes=runner._empty(case))
    return legalise(normalise(graph, samples=()).graph, samples=()).graph


def _in_integers(graph: Graph, case: Case) -> bytes | None:
    """The int8 file; None where no operator has integers, values have no range, or results are integers."""
    empty = not graph.inputs or not all(values.size for values in case.feed.values())
    whole = any(values.dtype.kind != "f" for values in case.expected.values())
    if empty or whole or not any(operator.rule for operator in operators(graph)):
        return None
    feed = {key: runner._finite(values) for key, values in case.feed.items()}
    try:
        return qdq.emit(graph, precision="int8", plan=plan_of(graph, [feed]))
    except (MobilekitError, ValueError):
        return None


def _tried(case: Case, path: Path, htp: qnn.HtpProcess, arithmetic: Arithmetic) -> Outcome:
    try:
        with qnn.QnnSession(path, htp, owns_process=False) as session:
            found = session.run(case.feed)
    except MobilekitError as error:
        return _outcome(case, arithmetic, REFUSED, _refusal(error.message))
    wrong = _of_integers(path, case, found) if arithmetic == "int8" else _of_floats(case, found)
    return _outcome(case, arithmetic, INEXACT if wrong else ACCEPTED, wrong)


def _refusal(message: str) -> str:
    """What is refused, each kind and reason once."""
    blamed = message.partition("model.qdq.onnx: ")[2] or message
    return "; ".join(dict.fromkeys(_VALUE.sub(":", part) for part in blamed.split("; ")))


def _of_floats(case: Case, found: Mapping[str, np.ndarray]) -> str:
    told = {key: judge.difference(case.expected[key], found[key], "fp16") for key in case.expected}
    return "; ".join(f"output {key}: {what}" for key, what in told.items() if what)


def _of_integers(path: Path, case: Case, found: Mapping[str, np.ndarray]) -> str:
    """What is off by more than two steps on more than one value in a hundred."""
    with open_onnx(path) as session:
        expected = session.run(case.feed)
    steps, told = _steps(path), []
    for key, values in expected.items():
        if values.dtype.kind != "f" or not values.size:
            same = np.array_equal(values, found[key])
            told += [] if same else [f"output {key}: other integers"]
            continue
        step = steps.get(key) or _step(values)
        near = np.abs(values - found[key]) <= (_STEPS + 0.01) * step
        share = float((near | ~np.isfinite(values)).mean())
        told += [] if share >= _SHARE else [f"output {key}: {share:.1%} within {_STEPS} steps"]
    return "; ".join(told)


def _steps(path: Path) -> dict[str, float]:
    """The scales of outputs that are integers before."""
    model = onnx.load(path)
    constants = {t.name: t for t in model.graph.initializer}
    return {
        node.output[0]: float(onnx.numpy_helper.to_array(constants[node.input[1]]))
        for node in model.graph.node
        if node.op_type == "DequantizeLinear" and not constants[node.input[1]].dims
    }


def _step(values: np.ndarray) -> float:
    """A step in 255 of a range with zero in it."""
    numbers = values[np.isfinite(values)]
    low, high = min(numbers.min(initial=0.0), 0.0), max(numbers.max(initial=0.0), 0.0)
    return max(float(high - low), 1e-6) / 255


def _outcome(case: Case, arithmetic: Arithmetic, status: str, detail: str = "") -> Outcome:
    text = brief(_NAMES.sub("…", detail), _LONGEST)
    return Outcome(case=case.name, operator=case.operator, arithmetic=arithmetic, status=status, detail=text)


def cases(*chosen: str) -> list[str]:
    """Some cases of every operator (of ``chosen`` ones all): an emulator takes a second for each.

    The first, the last and those between at equal distances, without those that write an operator out.
    """
    found = []
    for operator in chosen or case_list.committed()["operators"]:
        names = case_list.cases(operator)
        plain = names if chosen else [name for name in names if "_expanded" not in name] or names
        places = (
            np.linspace(0, len(plain) - 1, min(len(plain), _MOST)).round()
            if not chosen
            else range(len(plain))
        )
        found += [plain[int(place)] for place in places]
    return sorted(found)


def sweep(names: Sequence[str]) -> Iterator[Outcome]:
    """The outcomes of ``names`` in order, all in one process of the provider's while it lives."""
    with qnn.HtpProcess(timeout_s=_TIMEOUT_S) as htp:
        for done, name in enumerate(names, start=1):
            yield from run_case(name, htp)
            if done % _EVERY == 0:
                sys.stderr.write(f"htp: {done} of {len(names)} cases\n")
                htp.close()  # its log grows with every file


def as_json(outcomes: Sequence[Outcome], device: str) -> dict[str, Any]:
    """Outcomes by operator, case and arithmetic, with the device and versions."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for outcome in sorted(outcomes, key=lambda o: (o.operator, o.case)):
        cases = found.setdefault(outcome.operator, {})
        cases.setdefault(outcome.case, {})[outcome.arithmetic] = outcome.entry()
    tools = {tool: version(tool) for tool in ("onnx", "onnxruntime", "onnxruntime-qnn")}
    return {"device": device, "tools": tools, "operators": found}


def committed() -> dict[str, Any]:
    """The results that the column of ``docs/operators.md`` is made of."""
    found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return found


def lost(kept: Mapping[str, Any], outcomes: Sequence[Outcome]) -> list[str]:
    """What was accepted when results were kept, and is not any more."""
    return [
        f"{outcome.case} ({outcome.arithmetic})"
        for outcome in outcomes
        if outcome.status != ACCEPTED
        and kept["operators"].get(outcome.operator, {}).get(outcome.case, {}).get(outcome.arithmetic)
        == ACCEPTED
    ]


def main() -> int:
    """Run, report, write; the exit status."""
    there = qnn.availability()
    if not there.available:
        sys.stdout.write(f"htp: not run, {there.detail}\n")
        return 2
    started, names = time.monotonic(), cases(*sys.argv[1:])
    outcomes = list(sweep(names))
    content = as_json(outcomes, qnn.adapter(qnn.DEFAULT_SOC))
    if sys.argv[1:]:
        content = {
            **content,
            "operators": dict(sorted({**committed()["operators"], **content["operators"]}.items())),
        }
    worse = lost(committed(), outcomes)
    RESULTS.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    document.FILE.write_text(document.page(), encoding="utf-8")
    for outcome in outcomes:
        if outcome.status in (REFUSED, INEXACT):
            sys.stdout.write(f"{outcome.status}\t{outcome.arithmetic}\t{outcome.case}\t{outcome.detail}\n")
    for arithmetic in ("fp16", "int8"):
        counts = Counter(outcome.status for outcome in outcomes if outcome.arithmetic == arithmetic)
        listed = ", ".join(f"{counts[each]} {each}" for each in STATUSES if counts[each])
        sys.stdout.write(f"htp {arithmetic}: {listed}\n")
    sys.stdout.writelines(f"no more accepted: {each}\n" for each in worse)
    sys.stdout.write(f"{time.monotonic() - started:.0f} s\n")
    return int(bool(worse))


if __name__ == "__main__":
    sys.exit(main())
