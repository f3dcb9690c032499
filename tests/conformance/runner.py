"""One case through the public API: converted, opened, run, judged."""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

import mobilekit
from mobilekit.errors import DisagreementError, MobilekitError, UnknownOpsetError
from mobilekit.runtimes.base import Session
from tests.conformance import judge, wheel
from tests.conformance.targets import TFLITE, Target
from tests.conformance.wheel import Case

EXACT = "exact"
REWRITTEN = "exact by rewriting"
REFUSED = "refused"
UNNAMED = "unnamed"
"""A typed error that does not say which node it is about."""
SELF_CHECK = "self-check"
WRONG = "WRONG"
CRASH = "CRASH"
RIGHT = (EXACT, REWRITTEN)
STATUSES = (EXACT, REWRITTEN, REFUSED, UNNAMED, SELF_CHECK, WRONG, CRASH)
_STRETCH = 2.625
"""Exact in half precision."""
_NODE = re.compile(r"\bnode \S+")
_FOLDERS = re.compile(r"/\S*/(?=model\.)")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a case. ``detail`` is the error's message, or what is wrong with an output.

    ``follows`` is set where the expected output and ONNX Runtime's disagree: whom the file follows.
    """

    case: str
    operator: str
    status: str
    detail: str = ""
    follows: str = ""

    def line(self) -> str:
        """A line of the survey."""
        follows = f" [follows {self.follows}]" if self.follows else ""
        return f"{self.status}\t{self.operator}\t{self.case}\t{self.detail}{follows}"


def run_case(name: str, target: Target = TFLITE) -> Outcome:
    """Convert a case and judge what the file computes; no exception leaves this function."""
    case = wheel.load(name)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _converted(case, Path(folder), target)
        except DisagreementError as error:
            return _outcome(case, SELF_CHECK, _told(error))
        except MobilekitError as error:
            return _outcome(case, REFUSED if _names_node(error) else UNNAMED, _told(error))
        except Exception as error:  # noqa: BLE001  what reaches a user as a traceback is what is looked for
            return _outcome(case, CRASH, f"{type(error).__name__}: {error}")


def _converted(case: Case, folder: Path, target: Target) -> Outcome:
    path = folder / "model.onnx"
    onnx.save(case.model, path)
    artifact = mobilekit.convert(
        path,
        to=target.to,
        precision=target.precision,
        out=folder / "out",
        samples=_samples(case, target),
        shapes=_empty(case),
    )
    with mobilekit.open_runtime(artifact.path) as runtime:
        outputs = runtime.run(case.feed)
        elsewhere = _elsewhere(path, case, runtime, target)
    wrong = _differences(case.expected, outputs, target)
    if elsewhere:
        return _outcome(case, WRONG, f"on other values than its own: {elsewhere}")
    if not wrong:
        return _outcome(case, _how(path, artifact.path, case, target))
    if not _differences(_reference(path, case.feed), outputs, target):
        return Outcome(
            case=case.name,
            operator=case.operator,
            status=_how(path, artifact.path, case, target),
            detail=wrong,
            follows="ONNX Runtime",
        )
    return _outcome(case, WRONG, wrong)


def _samples(case: Case, target: Target) -> list[dict[str, np.ndarray]]:
    """The case's own values; in half precision also the others it is tried on: islands are for values like samples."""
    feeds = [case.feed, *(_others(case.feed) if target.precision == "fp16" else ())]
    return [{key: _finite(values) for key, values in feed.items()} for feed in feeds]


def _finite(values: np.ndarray) -> np.ndarray:
    """Values that ``convert`` accepts as a sample: it refuses NaN and infinities. The file is run on the real ones."""
    return (
        np.where(np.isfinite(values), values, 0).astype(values.dtype) if values.dtype.kind == "f" else values
    )


def _empty(case: Case) -> dict[str, tuple[int, ...]]:
    """Shapes of inputs without elements: a declared 0 counts as open unless the caller says 0 too."""
    return {key: values.shape for key, values in case.feed.items() if not values.size}


def _how(path: Path, file: Path, case: Case, target: Target) -> str:
    """Whether the target has the operator itself, or it had to be written as others."""
    return EXACT if target.alone(path, file, case.operator, _empty(case)) else REWRITTEN


def _elsewhere(path: Path, case: Case, runtime: Session, target: Target) -> str:
    """What is wrong on other values, by ONNX Runtime; empty where it has no kernel for the case."""
    for feed in _others(case.feed):
        known = _reference(path, feed)
        wrong = _differences(known, runtime.run(feed), target) if known else ""
        if wrong:
            return wrong
    return ""


def _others(feed: dict[str, np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
    """Values that a file was not verified on: the case's own in other places, then with other signs and sizes.

    Not where doubles are computed in float32: its exponents end sooner.
    """
    rolled = {key: np.roll(values, 1 + place) for place, (key, values) in enumerate(feed.items())}
    yield rolled
    kinds = {values.dtype.name for values in feed.values()}
    if "float64" not in kinds and kinds & {"float16", "float32"}:
        yield {
            key: (values * -_STRETCH).astype(values.dtype) if values.dtype.kind == "f" else values
            for key, values in rolled.items()
        }


def _differences(expected: dict[str, np.ndarray], actual: dict[str, np.ndarray], target: Target) -> str:
    if list(expected) != list(actual):
        return f"outputs {list(actual)}, expected {list(expected)}"
    found = {key: judge.difference(expected[key], actual[key], target.precision) for key in expected}
    return "; ".join(f"output {key}: {what}" for key, what in found.items() if what)


def _reference(path: Path, feed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What ONNX Runtime computes; nothing where it cannot."""
    try:
        with mobilekit.open_runtime(path) as runtime:
            return runtime.run(feed)
    except MobilekitError:
        return {}


def _outcome(case: Case, status: str, detail: str = "") -> Outcome:
    return Outcome(case=case.name, operator=case.operator, status=status, detail=detail)


def _names_node(error: MobilekitError) -> bool:
    """Whether a refusal names the node. An opset that nobody reads is no node's fault."""
    return isinstance(error, UnknownOpsetError) or bool(_NODE.search(error.message))


def _told(error: MobilekitError) -> str:
    """The error's class and its message in a line, without the folders that the case ran in."""
    text = _FOLDERS.sub("", " ".join(error.message.split()))
    return f"{type(error).__name__}: {text}"
