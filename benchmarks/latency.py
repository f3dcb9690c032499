"""Latency on this processor: our float32 and int8 files, onnx2tf's float32 file, ONNX Runtime.

LiteRT with two threads, one photo as input, inferences of all files in turn, medians. Only the
inference is timed, not setting inputs or reading outputs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _measure as m
import numpy as np

THREADS = 2
AT_MOST_FP32 = 1.05
AT_MOST_FP32_CANDY = 0.6
AT_MOST_INT8_CANDY = 0.7
CANDY = "candy_256"


def litert(path: Path, feed: dict[str, Any]) -> Callable[[], float]:
    """Seconds of one inference of a .tflite file; image inputs go in by their shape."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), num_threads=THREADS)
    interpreter.allocate_tensors()
    signature = next(iter(interpreter.get_signature_list()))
    runner_inputs = interpreter.get_signature_runner(signature).get_input_details()
    for name, details in runner_inputs.items():
        value = feed[name]
        if tuple(details["shape"]) != value.shape:
            value = np.transpose(value, (0, 2, 3, 1))
        interpreter.set_tensor(details["index"], np.ascontiguousarray(value))

    def once() -> float:
        started = time.perf_counter()
        interpreter.invoke()
        return time.perf_counter() - started

    return once


def onnx_runtime(model: Path, feed: dict[str, Any]) -> Callable[[], float]:
    """Seconds of one inference of the ONNX model."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.log_severity_level = 3
    # Its threads would go on spinning into the next competitor's turn.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])

    def once() -> float:
        started = time.perf_counter()
        session.run(None, feed)
        return time.perf_counter() - started

    return once


def files(case: m.Case, given: Any, folder: Path) -> dict[str, Path]:
    """Our float32 and int8 files and onnx2tf's float32 file."""
    import mobilekit

    made = {}
    for precision in ("fp32", "int8"):
        print(f"{case.name}: converting to {precision}", file=sys.stderr)
        artifact = mobilekit.convert(
            case.place(folder / precision),
            to="tflite",
            precision=precision,
            out=folder / precision / "out",
            inputs=case.inputs,
            photos=given.photos,
        )
        made[precision] = artifact.path
    model = case.place(folder / "peer")
    command = [given.peer_python, "-c", "from onnx2tf import main; main()", "-i", model.name, "-o", "out"]
    m.checked(m.run(command, cwd=folder / "peer", cache=folder / "cache"), "onnx2tf")
    made["peer"] = folder / "peer" / "out" / f"{model.stem}_float32.tflite"
    return made


def measure(case: m.Case, given: Any, folder: Path) -> dict[str, float]:
    """Milliseconds of each side."""
    made = files(case, given, folder)
    _, scoring = m.split_samples(case, given.photos)
    feed = dict(scoring[0])
    sides = {name: litert(path, feed) for name, path in made.items()}
    sides["ort"] = onnx_runtime(case.model, feed)
    for once in sides.values():
        once()
        once()
    return {name: 1e3 * value for name, value in m.interleaved(sides, rounds=given.repeat).items()}


def main() -> None:
    given = m.arguments(__doc__ or "", repeat=40)
    rows, goals, measured = [], [], {}
    for case in m.cases(given):
        with m.scratch() as folder:
            ms = measure(case, given, folder)
        fp32, int8 = ms["fp32"] / ms["peer"], ms["int8"] / ms["fp32"]
        rows.append([case.name, ms["fp32"], ms["peer"], fp32, ms["int8"], int8, ms["ort"]])
        most = AT_MOST_FP32_CANDY if case.name == CANDY else AT_MOST_FP32
        goals.append(m.Goal(what=f"{case.name} fp32 against onnx2tf's", ratio=fp32, at_most=most))
        if case.name == CANDY:
            what = f"{case.name} int8 against fp32"
            goals.append(m.Goal(what=what, ratio=int8, at_most=AT_MOST_INT8_CANDY))
        measured[case.name] = ms
    headings = ["model", "fp32 ms", "onnx2tf ms", "ratio", "int8 ms", "int8/fp32", "ONNX Runtime ms"]
    m.table(headings, rows)
    m.finish("latency", {"threads": THREADS, "ms": measured}, goals)


if __name__ == "__main__":
    main()
