"""Which operator an accelerator computes wrongly: the end of the shortest wrong beginning of the file.

An operator alone may be right: what is merged with it, or lies in memory beside it, can be at fault. So the
file's beginnings are run, half and half, against the CPU, and every value that leaves them is compared.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.errors import MobilekitError, UnsoundArtifactError
from mobilekit.metrics import in_last_bits, psnr
from mobilekit.runtimes import open_runtime
from mobilekit.runtimes.tflite_cut import TfliteGraph
from mobilekit.runtimes.tflite_details import read_details
from mobilekit.runtimes.tflite_file import read_border
from mobilekit.runtimes.tflite_values import to_file

if TYPE_CHECKING:
    from mobilekit.runtimes.base import Session
    from mobilekit.runtimes.tflite_cut import CutOperator
    from mobilekit.tensors import Array, Feed

LIMIT_S = 240.0
"""Software takes seconds for each beginning; what is found by then is told."""

_QUANTISED_BYTES = 2
"""Integers of more bytes are indices and counts: those of quantised values are rounded elsewhere."""
_MOST_DIFFERENT = 0.1


def first_wrong(
    path: Path,
    feed: Feed,
    *,
    open_on: Callable[[Path], Session],
    minimum_psnr: float | None,
    limit_s: float = LIMIT_S,
) -> str:
    """The operator in words, or between which two it is; empty where no beginning is wrong.

    ``open_on`` opens a .tflite file on the accelerator. A value is wrong where it is NaN or all zero and
    the CPU's is not, under ``minimum_psnr`` dB against the CPU's (None: not asked), or where a tenth of what
    are no quantised values, such as indices, differs.
    """
    graph = TfliteGraph(path)
    operators = [operator for operator in graph.operators if not operator.unpacks]
    stored = _stored(path, feed)
    until = time.monotonic() + limit_s
    low, high = 0, len(operators)  # the first `low` are right, the first `high` wrong
    try:
        if not operators or not _wrong(graph, operators, stored, open_on, minimum_psnr):
            return ""
        while high - low > 1 and time.monotonic() < until:
            middle = (low + high) // 2
            if _wrong(graph, operators[:middle], stored, open_on, minimum_psnr):
                high = middle
            else:
                low = middle
    except MobilekitError as error:
        return f"{_between(operators, low, high)}; then {error.message}"
    return _between(operators, low, high)


def _between(operators: list[CutOperator], low: int, high: int) -> str:
    last = _named(operators[high - 1])
    if high - low == 1:
        return f"the first wrong operator is {last}"
    return f"the first wrong operator is between {_named(operators[low])} and {last}"


def _named(operator: CutOperator) -> str:
    return f"{operator.kind} {operator.value!r}"


def _stored(path: Path, feed: Feed) -> dict[str, Array]:
    """The inputs as the file's tensors have them, by their names there (``feed`` has ONNX's)."""
    border = read_border(path)
    details = read_details(path, tuple(tensor.index for tensor in border.inputs))
    return {t.spec.name: to_file(feed[t.spec.name], t, details[t.index]) for t in border.inputs}


def _wrong(
    graph: TfliteGraph,
    operators: list[CutOperator],
    stored: Mapping[str, Array],
    open_on: Callable[[Path], Session],
    minimum_psnr: float | None,
) -> bool:
    """Whether any value that leaves these operators is wrong on the accelerator."""
    with tempfile.TemporaryDirectory(prefix="mobilekit-") as folder:
        path = Path(folder, "beginning.tflite")
        path.write_bytes(graph.cut([operator.index for operator in operators]))
        with open_on(path) as session, open_runtime(path) as cpu:
            fed = {spec.name: stored[spec.name] for spec in cpu.inputs}
            expected = cpu.run(fed)
            try:
                got = session.run(fed)
            except UnsoundArtifactError:  # its results were thrown away
                return True
    return any(_is_wrong(got[name], expected[name], minimum_psnr) for name in expected)


def _is_wrong(got: Array, expected: Array, minimum_psnr: float | None) -> bool:
    if expected.dtype.kind != "f":
        counted = expected.dtype.itemsize > _QUANTISED_BYTES or expected.dtype == bool
        differ = counted and bool(np.mean(got != expected) > _MOST_DIFFERENT)
        return differ or bool(np.any(expected) and not np.any(got))
    finite = np.isfinite(expected)
    if not np.isfinite(got[finite]).all() or (np.any(expected[finite]) and not np.any(got[finite])):
        return True
    value = psnr(expected, got) if minimum_psnr is not None else None
    if value is None or minimum_psnr is None or value >= minimum_psnr:
        return False
    return not in_last_bits(expected, got)
