"""One graph through ONNX Runtime and through the public API: right, refused, or a finding."""

from __future__ import annotations

import re
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

import mobilekit
from mobilekit.errors import DisagreementError, MobilekitError, ModelError, UnsupportedOperatorError
from tests.fuzz.graphs import Case
from tests.fuzz.stepper import NodeError, Noise, Stepper, finite, open_session, run_session

PER_OPERATOR = 1e-3
"""Of the output's range, for every operator of the graph."""
_ROUNDING = 2e-6
_HALVES = 2.0**-10
"""Of an output's magnitude: what rounding to half precision loses, which a file computes in float32."""
_UNSTEADY = {2: 0.1, 4: 3e-3, 8: 3e-3}
"""By the size of a float: how much of an output's range larger roundings may move it."""
_NOISES = 4

Outputs = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Verdict:
    """``kind`` is right, refused, unusable (ONNX Runtime does not tell what is right) or finding."""

    kind: str
    reason: str = ""
    detail: str = ""

    @property
    def is_finding(self) -> bool:
        return self.kind == "finding"


@dataclass(frozen=True, slots=True)
class Expected:
    """What a feed must give; ``slack`` says how far each output moves when roundings are larger."""

    outputs: Outputs
    slack: Mapping[str, float]
    unsteady: frozenset[str]


def judge(case: Case, folder: Path | None = None) -> Verdict:
    """Convert ``case`` to a float file and compare it with ONNX Runtime on both feeds."""
    try:
        expected = [e for e in (expect(case.model, feed) for feed in case.feeds) if e is not None]
    except NodeError as error:
        return Verdict("unusable", "ONNX Runtime fails", str(error)[:300])
    if not expected:
        return Verdict("unusable", "not finite, or ONNX Runtime disagrees with itself")
    with tempfile.TemporaryDirectory(dir=folder, prefix="fuzz-") as name:
        return _converted(case, expected, Path(name))


def _converted(case: Case, expected: list[Expected], folder: Path) -> Verdict:
    path = folder / "model.onnx"
    onnx.save(case.model, path)
    try:
        artifact = mobilekit.convert(
            path,
            out=folder / "out",
            store=folder / "store",
            shapes=dict(case.shapes),
            inputs=dict(case.images),
            samples=[case.feeds[0]],
        )
        with mobilekit.open_runtime(artifact.path, threads=1) as runtime:
            got = [runtime.run(feed) for feed in case.feeds[: len(expected)]]
    except UnsupportedOperatorError as error:
        return Verdict("refused", reason_of(error), str(error))
    except DisagreementError as error:
        if expected[0].unsteady:
            return Verdict("unusable", "stands on a step", str(error))
        return Verdict("finding", f"{type(error).__name__}: {reason_of(error)}", str(error))
    except MobilekitError as error:
        if isinstance(error, ModelError) and "reference evaluator cannot run" in str(error):
            return Verdict("unusable", "neither ONNX Runtime nor ONNX's evaluator runs it", str(error))
        return Verdict("finding", f"{type(error).__name__}: {reason_of(error)}", str(error))
    except Exception as error:  # noqa: BLE001  an untyped error is what this looks for
        return Verdict("finding", untyped(error), traceback.format_exc())
    pairs = zip(expected, got, strict=True)
    faults = [fault for e, g in pairs for fault in differences(e, g, case.model.graph)]
    if faults:
        return Verdict(
            "finding", f"silent difference: {re.sub('[0-9.e+-]+', '#', faults[0])}", "\n".join(faults)
        )
    if any(len(e.unsteady) == len(e.outputs) for e in expected):
        return Verdict("unusable", "stands on a step")
    return Verdict("right")


def expect(model: onnx.ModelProto, feed: Outputs) -> Expected | None:
    """ONNX Runtime's outputs; None where they are not finite or its own optimiser changes them.

    Nor is anything expected of what follows a NaN: maxima and comparisons drop it or keep it.
    """
    stepper = Stepper(model, feed)
    values = stepper.run(feed)
    outputs = stepper.outputs_of(values)
    if not finite(list(outputs.values())) or any(
        v.dtype.kind == "f" and np.isnan(v).any() for v in values.values()
    ):
        return None
    moved = [stepper.outputs(feed, noise=Noise(seed)) for seed in range(_NOISES)]
    slack, unsteady = {}, set()
    for name, value in outputs.items():
        if value.dtype.kind != "f":
            if any(not np.array_equal(value, m[name]) for m in moved):
                unsteady.add(name)
            continue
        slack[name] = max(_largest(m[name], value) for m in moved)
        if not slack[name] <= _UNSTEADY[value.itemsize] * _spread(value):
            unsteady.add(name)
    result = Expected(outputs, slack, frozenset(unsteady))
    try:
        values = run_session(open_session(model, optimise=True), list(outputs), feed)
    except NodeError:  # its optimiser makes what it has no kernel for, as QuickGelu of doubles, or cannot run
        return result
    whole = dict(zip(outputs, values, strict=True))
    return None if differences(result, whole, model.graph) else result


def differences(expected: Expected, got: Outputs, graph: onnx.GraphProto) -> list[str]:
    """A line per output that is wrong."""
    lines = [_difference(name, expected, got.get(name), graph) for name in expected.outputs]
    return [line for line in lines if line]


def _rounding(graph: onnx.GraphProto) -> float:
    """Of an output's magnitude, what each operator may lose."""
    casts = (a.i for node in graph.node if node.op_type == "Cast" for a in node.attribute if a.name == "to")
    return _HALVES if onnx.TensorProto.FLOAT16 in casts else _ROUNDING


def _difference(name: str, expected: Expected, got: np.ndarray | None, graph: onnx.GraphProto) -> str:
    want = expected.outputs[name]
    if got is None:
        return f"no output {name}"
    if got.shape != want.shape or got.dtype != want.dtype:
        return f"output {name}: {got.dtype} {got.shape}, expected {want.dtype} {want.shape}"
    if name in expected.unsteady or not want.size:
        return ""
    if want.dtype.kind != "f":
        wrong = int((want != got).sum())
        return f"output {name} ({want.dtype}): {wrong} of {want.size} elements differ" if wrong else ""
    if not np.isfinite(got).all():
        return f"output {name}: not finite"
    rounding = _rounding(graph) * float(np.abs(want).max())
    limit = len(graph.node) * (PER_OPERATOR * float(np.ptp(want)) + rounding + 1e-6)
    limit += 10 * expected.slack[name]
    error = _largest(got, want)
    return "" if error <= limit else f"output {name}: off by {error:.3g}, allowed {limit:.3g}"


def _largest(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.max(np.abs(a.astype(np.float64) - b.astype(np.float64)), initial=0.0))


def _spread(value: np.ndarray) -> float:
    return float(np.ptp(value)) + 1e-2 * float(np.abs(value).max()) + 1e-6 if value.size else 1.0


def reason_of(error: MobilekitError) -> str:
    """A refusal without names and numbers, so that equal ones count together."""
    line = error.refusals[0] if isinstance(error, UnsupportedOperatorError) else error.message
    line = re.sub(r"/\S*|\b[vcxn]\d+\S*|'[^']*'", "·", line.splitlines()[0])
    return re.sub(r"-?\d+(\.\d+)?(e-?\d+)?", "#", line)[:160]


def untyped(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "mobilekit" in f.filename and "tests" not in f.filename]
    last: Any = (ours or frames)[-1]
    return f"untyped {type(error).__name__} in {Path(last.filename).name}:{last.name}"
