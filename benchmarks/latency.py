"""Latency on this processor: our float32 and int8 files, onnx2tf's float32 file, ONNX Runtime.

LiteRT with two threads, one photo as input, inferences of all files in turn, medians. Only the
inference is timed, not setting inputs or reading outputs. With --exporters the blocks of
tests/exporters too (float32 only): those above TINY_MS count as models, of the others, where the cost
of a call is most of the time, only the geometric mean.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import _exporters
import _measure as m
from _sides import Clock, Side, agrees, litert, onnx_runtime, timed

AT_MOST_FP32 = 1.05
AT_MOST_FP32_CANDY = 0.6
AT_MOST_INT8 = {"demo": 0.6, "candy_256": 0.6}
AT_MOST_INT8_OTHERS = 1.0
AT_MOST_INT8_CANDY_PEER = 0.35
AT_MOST_ONNX_RUNTIME = 1.2
CANDY = "candy_256"
TINY_MS = 0.2

Times = dict[str, float]
"""Milliseconds of each side."""


def main() -> None:
    given = m.arguments(__doc__ or "", repeat=40, more=add_arguments)
    clock = Clock(threads=1 if given.busy else 2, busy=given.busy)
    times: dict[str, Times] = {}
    for case in m.cases(given, demo=given.models is not None or not given.exporters):
        with m.scratch() as folder:
            times[case.name] = model_times(case, given, folder, clock)
    if given.exporters:
        with m.scratch() as folder:
            times |= block_times(given, folder, clock)
    headings = ["model", "fp32 ms", "onnx2tf ms", "ratio", "int8 ms", "int8/fp32", "ONNX Runtime ms", "ratio"]
    m.table(headings, [row(name, ms) for name, ms in times.items()])
    m.finish("latency", {"threads": clock.threads, "busy": clock.busy, "ms": times}, goals(times))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of this benchmark alone."""
    parser.add_argument("--exporters", type=Path, help="tests/exporters: measure its blocks too")
    larger = "images of the blocks so many times as high and wide, where they allow it (default 16)"
    parser.add_argument("--enlarge", type=int, default=16, help=larger)
    busy = "one thread, its processor time: ratios on a machine that does other things"
    parser.add_argument("--busy", action="store_true", help=busy)


def model_times(case: m.Case, given: Any, folder: Path, clock: Clock) -> Times:
    """A described model: float32 and int8, onnx2tf's file, ONNX Runtime."""
    made = {p: converted(case, p, folder, photos=given.photos) for p in ("fp32", "int8")}
    model = case.place(folder / "peer")
    command = [given.peer_python, "-c", "from onnx2tf import main; main()", "-i", model.name, "-o", "out"]
    m.checked(m.run(command, cwd=folder / "peer", cache=folder / "cache"), "onnx2tf")
    peer = folder / "peer" / "out" / f"{model.stem}_float32.tflite"
    _, scoring = m.split_samples(case, given.photos)
    feed = dict(scoring[0])
    sides = {name: litert(path, feed, clock) for name, path in made.items()}
    sides["ort"] = onnx_runtime(case.model, feed, clock)
    return measured(sides | peer_side(case, peer, feed, sides["ort"], clock), given.repeat, clock)


def block_times(given: Any, folder: Path, clock: Clock) -> dict[str, Times]:
    """Every block of the exporters: float32, onnx2tf's file where it is right, ONNX Runtime."""
    cases = [
        case
        for case in _exporters.cases(given.exporters, folder / "models", factor=given.enlarge)
        if not given.only or given.only in case.name
    ]
    script = Path(__file__).with_name("_peer_files.py")
    (folder / "peer").mkdir()
    print(f"onnx2tf: converting {len(cases)} blocks", file=sys.stderr)
    command = [given.peer_python, script, folder / "peer", *(case.model for case in cases)]
    ran = m.checked(m.run(command, cwd=folder / "peer", cache=folder / "cache"), "onnx2tf")
    for line in ran.output.splitlines():
        if line.startswith("onnx2tf cannot"):
            print(line, file=sys.stderr)
    return {case.name: one_block(case, given.repeat, folder, clock) for case in cases}


def one_block(case: m.Case, repeat: int, folder: Path, clock: Clock) -> Times:
    """One block; without ``peer`` where onnx2tf's file is missing, cannot be opened or is wrong."""
    feed = _exporters.feed(case.model)
    sides = {
        "fp32": litert(converted(case, "fp32", folder / case.model.stem), feed, clock),
        "ort": onnx_runtime(case.model, feed, clock),
    }
    path = folder / "peer" / "out" / f"{case.model.stem}_float32.tflite"
    return measured(sides | peer_side(case, path, feed, sides["ort"], clock), repeat, clock)


def peer_side(
    case: m.Case, path: Path, feed: Mapping[str, Any], reference: Side, clock: Clock
) -> dict[str, Side]:
    """onnx2tf's file as ``peer``; nothing where it is missing, cannot be opened or is wrong."""
    try:
        peer = litert(path, feed, clock)
        peer.once()
    except (RuntimeError, ValueError) as error:
        print(f"{case.name}: no usable file of onnx2tf's: {error}", file=sys.stderr)
        return {}
    reference.once()
    if agrees(peer.outputs(), reference.outputs()):
        return {"peer": peer}
    print(f"{case.name}: onnx2tf's file is wrong", file=sys.stderr)
    return {}


def converted(case: m.Case, precision: str, folder: Path, *, photos: Path | None = None) -> Path:
    """Our file of a case."""
    import mobilekit

    print(f"{case.name}: converting to {precision}", file=sys.stderr)
    place, out = folder / precision, folder / precision / "out"
    return mobilekit.convert(
        case.place(place), to="tflite", precision=precision, out=out, inputs=case.inputs, photos=photos
    ).path


def measured(sides: dict[str, Side], repeat: int, clock: Clock) -> Times:
    """Medians over rounds in which every side takes its turn."""
    turns = {name: timed(side, clock) for name, side in sides.items()}
    return {name: 1e3 * value for name, value in m.interleaved(turns, rounds=repeat).items()}


def ratio(ms: Times, one: str, other: str) -> float | None:
    """How long ``one`` takes, ``other`` being 1."""
    return ms[one] / ms[other] if one in ms and other in ms else None


def row(name: str, ms: Times) -> list[object]:
    """A line of the table."""
    against = [ms.get("peer"), ratio(ms, "fp32", "peer"), ms.get("int8"), ratio(ms, "int8", "fp32")]
    return [name, ms["fp32"], *against, ms["ort"], ratio(ms, "fp32", "ort")]


def goals(times: dict[str, Times]) -> list[m.Goal]:
    """Each model against onnx2tf's file, all of them against ONNX Runtime, tiny ones by their means."""
    models = {name: ms for name, ms in times.items() if ms["fp32"] >= TINY_MS}
    tiny = {name: ms for name, ms in times.items() if name not in models}
    found = []
    for name, ms in models.items():
        most = AT_MOST_FP32_CANDY if name == CANDY else AT_MOST_FP32
        against = ratio(ms, "fp32", "peer")
        if against is not None:
            found.append(m.Goal(what=f"{name} fp32 against onnx2tf's", ratio=against, at_most=most))
        found += int8_goals(name, ms)
    for what, group in (("models", models), (f"models below {TINY_MS} ms", tiny)):
        found += means(f"geometric mean of {len(group)} {what}", list(group.values()))
    return found


def int8_goals(name: str, ms: Times) -> list[m.Goal]:
    """An int8 file against our float32 one; candy's against onnx2tf's float32 file too."""
    found = []
    for other, said, most in (
        ("fp32", "fp32", AT_MOST_INT8.get(name, AT_MOST_INT8_OTHERS)),
        ("peer", "onnx2tf's fp32", AT_MOST_INT8_CANDY_PEER if name == CANDY else None),
    ):
        against = ratio(ms, "int8", other)
        if against is not None and most is not None:
            found.append(m.Goal(what=f"{name} int8 against {said}", ratio=against, at_most=most))
    return found


def means(what: str, group: Sequence[Times]) -> list[m.Goal]:
    """The geometric means of a group of models."""
    result = []
    for other, said, most in (
        ("peer", "onnx2tf's", AT_MOST_FP32),
        ("ort", "ONNX Runtime", AT_MOST_ONNX_RUNTIME),
    ):
        ratios = [r for r in (ratio(ms, "fp32", other) for ms in group) if r is not None]
        if ratios:
            mean = statistics.geometric_mean(ratios)
            result.append(m.Goal(what=f"{what} fp32 against {said}", ratio=mean, at_most=most))
    return result


if __name__ == "__main__":
    main()
