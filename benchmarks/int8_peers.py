"""Static int8 by mobilekit, by TensorFlow's converter (through onnx2tf) and by ai-edge-quantizer.

The same photos calibrate (the even ones, by name) and score (the odd ones) for all. PSNR is that of each
output against ONNX Runtime float, over its range; latency is one thread's processor time. A quantiser
that ends with an error, writes no file, takes longer than --limit or makes a file that does not run has
failed: the last line of its message is shown.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import _measure as m
import numpy as np
from _quality import decibels
from _sides import _views

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_HERE = Path(__file__).resolve().parent
_LONGEST = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a quantiser: its time, then the figures of its file or why there are none."""

    model: str
    quantiser: str
    seconds: float
    failure: str | None = None
    psnr_mean: float | None = None
    psnr_worst: float | None = None
    milliseconds: float | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A case with its samples, in a folder of its own."""

    case: m.Case
    folder: Path
    given: argparse.Namespace
    calibration: Sequence[dict[str, np.ndarray]]
    scoring: Sequence[dict[str, np.ndarray]]
    expected: Sequence[list[np.ndarray]]


class FailedError(Exception):
    """A quantiser made no file; the argument is the last line that it wrote."""


def mobilekit_file(task: Task) -> Path:
    """Ours."""
    folder = task.folder / "ours"
    model = task.case.place(folder)
    words = ["convert", model.name, "--precision", "int8", "--photos", str(task.given.photos), "--out", "out"]
    limited([*m.MOBILEKIT, *words], folder, task.given.limit)
    return folder / "out" / f"{model.stem}.int8.tflite"


def tensorflow_file(task: Task) -> Path:
    """onnx2tf's TensorFlow backend, quantised by TensorFlow's converter, with float inputs and outputs."""
    folder = task.folder / "tensorflow"
    model = task.case.place(folder)
    words = ["-i", model.name, "-o", "out", "-tb", "tf_converter", "-oiqt"]
    for name in task.calibration[0]:
        stacked = np.concatenate([feed[name] for feed in task.calibration])
        order = (0, *range(2, stacked.ndim), 1) if stacked.ndim > 2 else (0, 1)
        np.save(folder / f"{name}.npy", stacked.transpose(order[: stacked.ndim]))
        # The feeds as they are: onnx2tf subtracts a mean of 0 and divides by a deviation of 1.
        nested = ("[" * stacked.ndim, "]" * stacked.ndim)
        words += ["-cind", name, f"{name}.npy", f"{nested[0]}0.0{nested[1]}", f"{nested[0]}1.0{nested[1]}"]
    command = [task.given.peer_python, "-c", "from onnx2tf import main; main()", *words]
    output = limited(command, folder, task.given.limit)
    return written(folder / "out" / f"{model.stem}_integer_quant.tflite", output)


def quantised_peer_file(task: Task) -> Path:
    """ai-edge-quantizer on onnx2tf's float file (its direct backend)."""
    folder = task.folder / "float"
    model = task.case.place(folder)
    words = ["-i", model.name, "-o", "out"]
    command = [task.given.peer_python, "-c", "from onnx2tf import main; main()", *words]
    output = limited(command, folder, task.given.limit)
    return quantised(task, written(folder / "out" / f"{model.stem}_float32.tflite", output), "peer")


def quantised_own_file(task: Task) -> Path:
    """ai-edge-quantizer on our float file."""
    folder = task.folder / "own"
    model = task.case.place(folder)
    words = ["convert", model.name, "--precision", "fp32", "--out", "out"]
    limited([*m.MOBILEKIT, *words], folder, task.given.limit)
    return quantised(task, folder / "out" / f"{model.stem}.fp32.tflite", "own")


def quantised(task: Task, float_file: Path, name: str) -> Path:
    """ai-edge-quantizer's file of a float one."""
    out = task.folder / f"{name}.tflite"
    script = _HERE / "_peer_quantiser.py"
    feeds = write_feeds(task.folder / "calibration.npz", task.calibration)
    command = [task.given.quantizer_python, script, float_file, feeds, out]
    return written(out, limited(command, task.folder, task.given.limit))


QUANTISERS: dict[str, Callable[[Task], Path]] = {
    "mobilekit": mobilekit_file,
    "TensorFlow (onnx2tf)": tensorflow_file,
    "ai-edge-quantizer (onnx2tf's float)": quantised_peer_file,
    "ai-edge-quantizer (our float)": quantised_own_file,
}


def result_of(task: Task, quantiser: str) -> Result:
    """Run a quantiser, then its file."""
    print(f"{task.case.name}: {quantiser}", file=sys.stderr)
    began = time.perf_counter()
    seconds = None
    try:
        path = QUANTISERS[quantiser](task)
        seconds = time.perf_counter() - began
        return scored(task, quantiser, seconds, path)
    except FailedError as error:
        spent = seconds or time.perf_counter() - began
        return Result(model=task.case.name, quantiser=quantiser, seconds=spent, failure=str(error))


def scored(task: Task, quantiser: str, seconds: float, path: Path) -> Result:
    """The figures of a file. Raises FailedError where it does not run, or has other outputs."""
    out = task.folder / "outputs.npz"
    out.unlink(missing_ok=True)
    feeds = write_feeds(task.folder / "scoring.npz", task.scoring)
    command = [sys.executable, _HERE / "_run_file.py", path, feeds, out, str(task.given.repeat)]
    written(out, limited(command, task.folder, task.given.limit, what="its file: "))
    with np.load(out) as held:
        count = sum(key.startswith("0/") for key in held.files)
        found = [[held[f"{i}/{place}"] for place in range(count)] for i in range(len(task.expected))]
        milliseconds = 1e3 * float(held["seconds"])
    values = [worst_output(e, f) for e, f in zip(task.expected, found, strict=True)]
    return Result(
        model=task.case.name,
        quantiser=quantiser,
        seconds=seconds,
        psnr_mean=statistics.fmean(values),
        psnr_worst=min(values),
        milliseconds=milliseconds,
        size_bytes=path.stat().st_size,
    )


def worst_output(expected: Sequence[np.ndarray], found: Sequence[np.ndarray]) -> float:
    """The least PSNR of a photo's outputs; each is the best of ``found`` in any order of its axes."""
    best = []
    for value in expected:
        views = [view for other in found for view in _views(other, value.shape)]
        if not views:
            message = f"its file: no output of {value.size} elements in shape {value.shape}"
            raise FailedError(message)
        best.append(max(decibels(value, view) for view in views))
    return min(best)


def limited(command: Sequence[Any], folder: Path, limit_s: float, *, what: str = "") -> str:
    """Run a command in ``folder``; its output. Raises FailedError with the last line, or the limit."""
    words = [str(word) for word in command]
    process = subprocess.Popen(
        words,
        cwd=folder,
        env=m.environment(words[0], folder / "cache"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        content, _ = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        message = f"{what}no end after {limit_s:.0f} s"
        raise FailedError(message) from None
    output = content.decode("utf-8", "replace")
    if process.returncode < 0:
        message = f"{what}{signal.Signals(-process.returncode).name}: {last_line(output)}"
        raise FailedError(message)
    if process.returncode:
        raise FailedError(what + last_line(output))
    return output


def written(path: Path, output: str) -> Path:
    """``path`` if it is there. Raises FailedError with the last line of ``output`` if not."""
    if not path.is_file():
        message = f"no {path.name}: {last_line(output)}"
        raise FailedError(message)
    return path


def last_line(output: str) -> str:
    """The last line with something in it, without colours."""
    lines = [line.strip() for line in _COLOURS.sub("", output).replace("\r", "\n").splitlines()]
    said = [line for line in lines if line.strip("=-*# ")]
    return said[-1][:_LONGEST] if said else "nothing was said"


def write_feeds(path: Path, feeds: Sequence[dict[str, np.ndarray]]) -> Path:
    """Feeds as one .npz, keys ``INDEX/NAME``."""
    np.savez(path, **{f"{i}/{name}": value for i, feed in enumerate(feeds) for name, value in feed.items()})
    return path


def task_of(case: m.Case, given: argparse.Namespace, folder: Path) -> Task:
    """The samples of a case, and what ONNX Runtime makes of those that score."""
    import onnxruntime

    calibration, scoring = ([dict(feed) for feed in half] for half in m.split_samples(case, given.photos))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(case.model), options, providers=["CPUExecutionProvider"])
    expected = [session.run(None, feed) for feed in scoring]
    return Task(
        case=case, folder=folder, given=given, calibration=calibration, scoring=scoring, expected=expected
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of this benchmark alone."""
    parser.add_argument("--quantizer-python", type=Path, help="a Python that has ai-edge-quantizer")
    parser.add_argument("--limit", type=float, default=900.0, help="seconds for each command (default 900)")


def main() -> None:
    given = m.arguments(__doc__ or "", repeat=10, more=add_arguments)
    asked = [n for n in QUANTISERS if given.quantizer_python or not n.startswith("ai-edge")]
    if given.quantizer_python is None:
        print("no --quantizer-python: ai-edge-quantizer is left out", file=sys.stderr)
    else:
        given.quantizer_python = given.quantizer_python.absolute()
    results = []
    for case in m.cases(given):
        with m.scratch() as folder:
            task = task_of(case, given, folder)
            results += [result_of(task, quantiser) for quantiser in asked]
    headings = ["model", "quantiser", "time s", "PSNR mean", "worst", "ms", "MB", "failure"]
    m.table(headings, [row(result) for result in results])
    m.finish("int8_peers", [asdict(result) for result in results])


def row(result: Result) -> list[object]:
    """A line of the table."""
    size = None if result.size_bytes is None else result.size_bytes / 1e6
    figures = [result.psnr_mean, result.psnr_worst, result.milliseconds, size]
    return [result.model, result.quantiser, result.seconds, *figures, result.failure]


if __name__ == "__main__":
    main()
