"""A pytest plugin: coremltools' ``compare_backend`` asks the reference evaluator, and every case is recorded.

A case is an item of coremltools' own tests. It is *right* if at least one output was compared, and all were right;
or if the test asks for an error of the runtime, and the evaluator refuses.
"""

from __future__ import annotations

import gc
import random
import sys
import types
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
import pytest

from mobilekit.errors import MobilekitError
from tests.mil_ops import exclusions, judge, oracle
from tests.mil_ops.statuses import FAILED, NOTHING, RIGHT, SKIPPED, WRONG


@dataclass(kw_only=True)
class Case:
    """What became of an item. ``outputs`` counts comparisons, ``operators`` are those of the compared programs."""

    name: str
    status: str = NOTHING
    detail: str = ""
    outputs: int = 0
    operators: set[str] = field(default_factory=set)
    refused: bool = False

    def as_json(self) -> dict[str, Any]:
        """The case as a line of the worker's file."""
        return {
            "case": self.name,
            "status": self.status,
            "detail": self.detail[:400],
            "outputs": self.outputs,
            "operators": sorted(self.operators),
        }


class UnequalError(AssertionError):
    """The evaluator's output is not the expected one."""


class RefusedError(RuntimeError):
    """The evaluator's typed error, as Core ML's Python binding says that it cannot predict."""


class Recorder:
    """The plugin itself. ``sink`` takes what happens: a case's start, its end, a file that cannot be imported."""

    def __init__(
        self,
        sink: Callable[[dict[str, Any]], object],
        choice: Callable[[list[Any]], list[Any]] | None = None,
    ) -> None:
        self._sink, self._choice = sink, choice
        self._case = Case(name="")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keeps the chosen cases."""
        if self._choice is not None:
            items[:] = self._choice(items)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be imported has no cases: that is said, and why."""
        if report.failed:
            self._sink({"file": report.nodeid, "error": str(report.longrepr).strip().splitlines()[-1]})

    def pytest_collection_finish(self) -> None:
        """What is loaded stays: each conversion ends with a full collection, which is then a hundred times faster."""
        gc.collect()
        gc.freeze()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[Any]:
        """Each case starts from its own seed, so that it is the same whatever ran before it."""
        name = case_name(item)
        self._case = Case(name=name)
        self._sink({"started": name})
        seed = zlib.crc32(name.encode())
        random.seed(seed)
        np.random.seed(seed)
        _seed_torch(item, seed)
        result = yield
        self._sink(self._case.as_json())
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A case that fails for another reason than an unequal output is told apart: its test may need more."""
        case = self._case
        if report.failed and str(report.longrepr).startswith("[XPASS(strict)]") and case.outputs:
            case.status, case.detail = RIGHT, ""
        elif report.failed:
            case.status = WRONG if case.status == WRONG else FAILED
            case.detail = case.detail or _last_line(report)
        elif report.skipped:
            case.status, case.detail = SKIPPED, _skip_reason(report, case.detail)
        elif report.when == "call" and case.refused:
            # The test asked for this error: indices that are to be validated, and are not valid.
            case.status, case.outputs = RIGHT, max(case.outputs, 1)
        elif report.when == "call" and case.outputs and case.status != WRONG:
            case.status = RIGHT

    def compare(
        self,
        mlmodel: Any,
        input_key_values: dict[str, Any],
        expected_outputs: dict[str, Any] | None,
        dtype: str = "fp32",
        state: Any = None,
        **_: Any,
    ) -> dict[str, Any] | None:
        """Stands for ``compare_backend``: same arguments, our tolerances."""
        self._case.operators |= operators(mlmodel.get_spec())
        if expected_outputs is None:
            return None
        try:
            got = oracle.predict(mlmodel, input_key_values, state)
        except MobilekitError as error:
            self._case.refused, detail = True, f"{type(error).__name__}: {error}"
            self._wrong(detail, RefusedError(f"Unable to compute the prediction using ML Program: {detail}"))
        except Exception as error:  # noqa: BLE001 - whatever stops the evaluator is a wrong case, with its message
            self._wrong(f"{type(error).__name__}: {error}", error)
        for name, expected in expected_outputs.items():
            what = _compared(_by_name(got, name), expected, exclusions.precision(self._case.name, dtype))
            if what:
                self._wrong(f"output {name}: {what}")
            self._case.outputs += 1
        return got

    def _wrong(self, detail: str, error: Exception | None = None) -> NoReturn:
        self._case.status, self._case.detail = WRONG, detail
        raise error or UnequalError(f"Not equal: {detail}")


def case_name(item: pytest.Item) -> str:
    """File, class, function and parameters: iOS17/test_conv.py::TestConv::test_x[...]."""
    return f"{item.path.parent.name}/{item.path.name}{item.nodeid[item.nodeid.index('::') :]}"


def operators(spec: Any) -> set[str]:
    """Types of all operations of a specification, blocks within blocks included; no constants."""
    found: set[str] = set()

    def visit(block: Any) -> None:
        for operation in block.operations:
            found.add(operation.type)
            for inner in operation.blocks:
                visit(inner)

    for function in spec.mlProgram.functions.values():
        for block in function.block_specializations.values():
            visit(block)
    return found - {"const"}


def _by_name(got: dict[str, Any], name: str) -> Any:
    from coremltools.converters.mil.mil.passes.defs.preprocess import NameSanitizer

    sanitised = NameSanitizer._replace_invalid_char_with_underscore(name)
    return got[name] if name in got else got[sanitised]


def _compared(got: Any, expected: Any, precision: str) -> str:
    if isinstance(expected, dict):
        return "" if got == expected else f"{got}, expected {expected}"
    if isinstance(expected, str):
        return "" if str(got) == expected else f"{got}, expected {expected}"
    return judge.difference(np.asarray(expected), np.asarray(got), precision)


def _seed_torch(item: pytest.Item, seed: int) -> None:
    """Where PyTorch is missing, tests of GRU still seed it, and need no more of it."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)
        return
    for base in item.cls.__mro__ if item.cls else ():
        module = sys.modules[base.__module__]
        if module.__name__.startswith("coremltools") and not hasattr(module, "torch"):
            module.torch = types.SimpleNamespace(manual_seed=lambda value: None)


def _last_line(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message).splitlines()[0] if crash else str(report.longrepr).strip().splitlines()[-1]


def _skip_reason(report: pytest.TestReport, difference: str) -> str:
    if hasattr(report, "wasxfail"):
        return (
            f"expected to fail: {report.wasxfail}; {difference}"
            if difference
            else f"expected to fail: {report.wasxfail}"
        )
    return str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
