"""The competitors of latency.py: callables that return the seconds of one inference."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from _run_file import set_inputs

TURN_S = 0.002
"""A turn repeats the inference for at least so long: one inference of a tiny model is below the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """How time is taken: wall-clock time of ``threads``, or processor time of the only thread."""

    threads: int = 2
    busy: bool = False

    def now(self) -> float:
        """Seconds."""
        return time.thread_time() if self.busy else time.perf_counter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One file in one runtime, its inputs set: ``once`` infers, ``outputs`` reads what it gave."""

    once: Callable[[], object]
    outputs: Callable[[], list[Any]]


def litert(path: Path, feed: Mapping[str, Any], clock: Clock) -> Side:
    """A .tflite file. Inputs are found by name (else by position), image inputs go in by their shape."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), num_threads=clock.threads)
    interpreter.allocate_tensors()
    set_inputs(interpreter, feed)
    details = interpreter.get_output_details()
    return Side(
        once=interpreter.invoke,
        outputs=lambda: [interpreter.get_tensor(d["index"]) for d in details],
    )


def onnx_runtime(model: Path, feed: Mapping[str, Any], clock: Clock) -> Side:
    """The ONNX model in ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = clock.threads
    options.log_severity_level = 3
    # Its threads would go on spinning into the next competitor's turn.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return Side(
        once=lambda: session.run(None, dict(feed)),
        outputs=lambda: session.run(None, dict(feed)),
    )


def timed(side: Side, clock: Clock) -> Callable[[], float]:
    """Seconds of one inference, the mean of a turn; the first calls warm up and say how many fit in one."""
    side.once()
    started = clock.now()
    side.once()
    count = max(1, math.ceil(TURN_S / max(clock.now() - started, 1e-7)))

    def turn() -> float:
        began = clock.now()
        for _ in range(count):
            side.once()
        return (clock.now() - began) / count

    return turn


def agrees(found: list[Any], expected: list[Any]) -> bool:
    """Whether every expected output is among ``found``, in any order of axes, within 1e-2 of its range."""
    return all(any(_close(other, value) for other in found) for value in expected)


def _close(found: Any, expected: Any) -> bool:
    allowed = 1e-2 * max(float(np.ptp(expected)) if expected.size else 0.0, 1e-6)
    return any(np.abs(view - expected).max(initial=0) <= allowed for view in _views(found, expected.shape))


def _views(array: Any, shape: tuple[int, ...]) -> Iterator[Any]:
    if array.ndim == len(shape) and array.dtype.kind in "fiu":
        for order in itertools.permutations(range(array.ndim)):
            view = array.transpose(order)
            if view.shape == shape:
                yield view.astype(np.float64)
