"""Core ML packages against ONNX Runtime on photos: PSNR in float32 and float16, and what converting takes.

The packages are evaluated by the MIL reference evaluator, not Core ML: float16 as stored (an operator
computes in float32 and its result is rounded) and, to look at, with every result rounded, the float32
islands' too. Scoring photos only. Also printed: importing coremltools, converting the model (whole commands
of the public API, without photos), the evaluator's time against ONNX Runtime's.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import _measure as m
from _mil_count import operators
from _quality import decibels

FP32_DB = 90.0
FP16_MEAN_DB = 50.0
FP16_WORST_DB = 45.0
MOST_TIMES_ONNX_RUNTIME = 10.0
DEMO_SECONDS = 15.0
TIMED = 3
KINDS = ("fp32", "fp16", "fp16 all rounded")


def main() -> None:
    given = m.arguments(__doc__ or "", peer=False)
    print("importing coremltools", file=sys.stderr)
    seconds, frameworks = importing()
    found = {}
    for case in m.cases(given):
        with m.scratch() as folder:
            found[case.name] = measured(case, given, folder)
    headings = ["model", *(f"{kind} {what}" for kind in KINDS for what in ("mean", "worst"))]
    headings += ["operators", "transposes"]
    m.table([*headings, "islands", "seconds", "x ONNX Runtime"], [row(n, v) for n, v in found.items()])
    print(
        f"\nimport of coremltools: {seconds:.2f} s, with it: {', '.join(frameworks) or 'no other framework'}"
    )
    m.finish("coreml_fidelity", {"import_s": seconds, "models": found}, goals(found, frameworks))


def importing() -> tuple[float, list[str]]:
    """Seconds that importing takes in a process of its own (the median), and what frameworks came along."""
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); t = time.perf_counter(); "
        "from mobilekit.libraries import coremltools; coremltools(); print(time.perf_counter() - t, "
        "*(n for n in ('tensorflow', 'torch', 'sklearn') if sys.modules.get(n)))"
    )
    command = [sys.executable, "-c", code, str(m.ROOT)]
    told = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        for _ in range(TIMED)
    ]
    return statistics.median(float(words[0]) for words in told), told[0][1:]


def measured(case: m.Case, given: Any, folder: Path) -> dict[str, Any]:
    """The figures of a model."""
    import mobilekit

    artifacts, seconds = {}, {}
    for precision in ("fp32", "fp16"):
        print(f"{case.name}: converting to {precision}", file=sys.stderr)
        artifacts[precision], seconds[precision] = converted(case, precision, folder, given.photos)
    _, scoring = m.split_samples(case, given.photos)
    feeds = [dict(feed) for feed in scoring]
    with mobilekit.open_runtime(case.model) as runtime:
        expected = [runtime.run(feed) for feed in feeds]
        reference_s = timed(partial(runtime.run, feeds[0]))
    sides = {
        "fp32": (artifacts["fp32"].path, "stored"),
        "fp16": (artifacts["fp16"].path, "stored"),
        "fp16 all rounded": (artifacts["fp16"].path, "float16"),
    }
    counts = operators(artifacts["fp16"].path)
    figures: dict[str, Any] = {
        "seconds": seconds,
        "islands": islands(artifacts["fp16"].path),
        "operators": counts.total(),
        "transposes": counts["transpose"],
    }
    for kind, (path, precision) in sides.items():
        print(f"{case.name}: {len(feeds)} photos, {kind}", file=sys.stderr)
        session = opened(path, precision)
        got = [session.run(feed) for feed in feeds]
        figures[kind] = psnr(expected, got)
        if kind == "fp32":
            figures["times_onnx_runtime"] = timed(partial(session.run, feeds[0])) / reference_s
    return figures


def opened(path: Path, precision: str) -> Any:
    """The evaluator, never Core ML: the figures mean the same on every machine."""
    from mobilekit.runtimes.coreml import open_reference

    return open_reference(path, precision=precision)


def converted(case: m.Case, precision: str, folder: Path, photos: Path) -> tuple[Any, float]:
    """A package with photos, and the seconds of a conversion without."""
    import mobilekit

    place = case.place(folder / precision)
    keywords: dict[str, Any] = {"to": "coreml", "precision": precision, "inputs": case.inputs}
    made = mobilekit.convert(place, out=folder / precision / "out", photos=photos, **keywords)
    started = time.perf_counter()
    mobilekit.convert(place, out=folder / precision / "timed", **keywords)
    return made, time.perf_counter() - started


def islands(package: Path) -> int:
    """How many nodes compute in float32, as the package says."""
    import json

    from mobilekit.runtimes.mil_reference.reader import read_package

    return len(json.loads(read_package(package).metadata["mobilekit"])["islands"])


def timed(run: Callable[[], object]) -> float:
    """The median seconds of some runs, after one."""
    run()
    taken = []
    for _ in range(TIMED):
        started = time.perf_counter()
        run()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def psnr(expected: Sequence[Mapping[str, Any]], got: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Mean and worst over photos, of the output where they are least."""
    by_output = [
        [decibels(e[name], g[name]) for e, g in zip(expected, got, strict=True)] for name in expected[0]
    ]
    return {
        "mean": min(statistics.fmean(values) for values in by_output),
        "worst": min(min(values) for values in by_output),
    }


def row(name: str, value: dict[str, Any]) -> list[object]:
    """A line of the table."""
    figures = [value[kind][what] for kind in KINDS for what in ("mean", "worst")]
    figures += [value["operators"], value["transposes"]]
    return [name, *figures, value["islands"], value["seconds"]["fp16"], value["times_onnx_runtime"]]


def goals(found: dict[str, dict[str, Any]], frameworks: Sequence[str]) -> list[m.Goal]:
    """Fidelity, time, transposes per model; the demo's conversion; nothing imported beside coremltools."""
    result = [m.Goal(what="frameworks imported with coremltools", ratio=len(frameworks), at_most=0)]
    for name, value in found.items():
        result.append(m.Goal(what=f"{name} fp32 worst dB", ratio=value["fp32"]["worst"], at_least=FP32_DB))
        mean, worst = value["fp16"]["mean"], value["fp16"]["worst"]
        result.append(m.Goal(what=f"{name} fp16 mean dB", ratio=mean, at_least=FP16_MEAN_DB))
        result.append(m.Goal(what=f"{name} fp16 worst dB", ratio=worst, at_least=FP16_WORST_DB))
        result.append(m.Goal(what=f"{name}: transposes", ratio=value["transposes"], at_most=0))
        times = value["times_onnx_runtime"]
        what = f"{name}: evaluator against ONNX Runtime"
        result.append(m.Goal(what=what, ratio=times, at_most=MOST_TIMES_ONNX_RUNTIME))
    if "demo" in found:
        slowest = max(found["demo"]["seconds"].values())
        result.append(m.Goal(what="demo: seconds to convert", ratio=slowest, at_most=DEMO_SECONDS))
    return result


if __name__ == "__main__":
    main()
