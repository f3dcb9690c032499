"""What calibration costs: observing photos against bare float inferences of them, and its memory.

For each model (the demo first), in a process of its own for 20 and for 200 photos: every photo is run
through the model as it is given, and then observed for an int8 plan, both in ONNX Runtime; decoding
and cropping are not counted. Where there are fewer photos they come again, each time another part of
them. Printed are medians a photo; their ratio; the peak memory of the process, and how much of it the
180 photos more cost. The claim: a photo is observed in 1.5 times a bare inference at most, or in 15 ms
more, whichever is larger; and memory does not grow. `plan` are the seconds of the whole planning (the
rewrites that are decided on a few photos included).

With --jobs the wall-clock time of that many processes is compared with that of one; the statistics
must be the same bytes.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import _measure as m

from mobilekit.calibrate.observations import Observations
from mobilekit.calibrate.observe import observe

COUNTS = (20, 200)
AT_MOST_RATIO, AT_MOST_EXTRA_MS = 1.5, 15.0
AT_MOST_GROWTH_MIB = 64.0  # caches of crops fill to 32 MiB, histograms to the bins that there are
_LARGEST_SIDE = 1024
_SHOWN = 0.8  # of a photo's height and width, in a part of it
_PARTS = 5  # positions of that part along each axis


@dataclass(frozen=True, slots=True)
class Clock:
    """Wall-clock time; on a machine that does other things the processor time of the only thread."""

    busy: bool

    def now(self) -> float:
        """Seconds."""
        return time.thread_time() if self.busy else time.perf_counter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One process: milliseconds a photo, peak memory, seconds of all planning."""

    bare_ms: float
    observed_ms: float
    values: int
    peak_mib: float
    plan_s: float


@dataclass(kw_only=True)
class Timed(Observations):
    """Samples that are each run bare before they are observed; both are timed."""

    samples: Any
    bare: Any
    clock: Clock
    rewrites: None = None
    bare_s: list[float] = field(default_factory=list)
    passes: list[tuple[int, list[float]]] = field(default_factory=list)

    def spread(self, count: int) -> Any:
        """At most ``count`` samples; what is decided on them is not timed."""
        return self.samples.spread(count)

    def observe(
        self,
        graph: Any,
        *,
        values: Sequence[str],
        extremes: bool,
        progress: Callable[[int, int], None] | None,
    ) -> Any:
        """As :func:`mobilekit.calibrate.observe.observe`."""
        del progress
        taken: list[float] = []
        started = 0.0

        def feeds() -> Iterator[Any]:
            nonlocal started
            for feed in self.samples:
                before = self.clock.now()
                self.bare.run(feed)
                started = self.clock.now()
                self.bare_s.append(started - before)
                yield feed

        def observed(done: int, total: int) -> None:
            del done, total
            taken.append(self.clock.now() - started)

        stats = observe(graph, feeds(), values=values, extremes=extremes, progress=observed)
        if values:
            self.passes.append((len(values), taken))
        return stats

    def milliseconds(self) -> tuple[float, float]:
        """Medians a photo: bare, and observed in all passes; each pass's first photo warms up."""
        bare = statistics.median(self.bare_s[1:] or self.bare_s)
        return bare * 1e3, sum(statistics.median(s[1:] or s) for _, s in self.passes) * 1e3


def prepared(case: m.Case) -> tuple[Any, Any]:
    """The model as given, and legalised."""
    from mobilekit.legalise.pipeline import legalise
    from mobilekit.normalise.pipeline import normalise
    from mobilekit.source.load import load

    given = load(case.model)
    return given, legalise(normalise(given, samples=()).graph, samples=()).graph


def samples_of(case: m.Case, graph: Any, photos: Path, count: int) -> Any:
    """``count`` samples, of as many different parts of photos as it takes."""
    from mobilekit.calibrate.inputs import input_samples
    from mobilekit.calibrate.photos import DrawnPhoto, photo_set, read_photos
    from mobilekit.config import read_description

    # Decoded once and small, so that decoding takes the same memory however many samples there are.
    found = [small(photo.pixels) for photo in read_photos(photos)]

    def part(number: int) -> Any:
        pixels = found[number % len(found)]
        turn = number // len(found)
        if turn == 0:
            return pixels
        height, width = (int(side * _SHOWN) for side in pixels.shape[:2])
        top = (pixels.shape[0] - height) * (turn % _PARTS) // (_PARTS - 1)
        left = (pixels.shape[1] - width) * (turn // _PARTS % _PARTS) // (_PARTS - 1)
        return pixels[top : top + height, left : left + width]

    drawn = [
        DrawnPhoto(name=f"{number:04}", digest=f"{number:064x}", draw=lambda number=number: part(number))
        for number in range(count)
    ]
    return input_samples(graph.inputs, read_description(case.description), photos=photo_set(drawn))


def small(pixels: Any) -> Any:
    """A copy of a picture with at most ``_LARGEST_SIDE`` rows and columns."""
    step = -(-max(pixels.shape[:2]) // _LARGEST_SIDE)
    return pixels[::step, ::step].copy()


def measured(case: m.Case, photos: Path, count: int, clock: Clock) -> Measured:
    """Plan with ``count`` photos in this process."""
    from mobilekit.plan.planner import Planner
    from mobilekit.runtimes import ort

    given, graph = prepared(case)
    if clock.busy:  # threads that wait for one another spin, and would be counted
        ort.open_graph = partial(ort.open_graph, threads=1)  # type: ignore[assignment]
    with ort.open_graph(given) as bare:
        timed = Timed(samples=samples_of(case, graph, photos, count), bare=bare, clock=clock)
        started = clock.now()
        Planner(graph, timed).plan()
        seconds = clock.now() - started - sum(timed.bare_s)
    bare_ms, observed_ms = timed.milliseconds()
    return Measured(
        bare_ms=bare_ms,
        observed_ms=observed_ms,
        values=sum(number for number, _ in timed.passes),
        peak_mib=own_peak_mib(),
        plan_s=seconds,
    )


def own_peak_mib() -> float:
    """The peak of this process's resident memory. On Linux not ru_maxrss: it starts from the parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def in_child(case: m.Case, given: argparse.Namespace, count: int) -> Measured:
    """``measured`` in a process of its own."""
    command = [sys.executable, __file__, "--child", str(count), "--only", case.name]
    command += ["--photos", str(given.photos)] + (["--models", str(given.models)] if given.models else [])
    command += ["--busy"] if given.busy else []
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def sharded(case: m.Case, photos: Path, jobs: int) -> tuple[float, float]:
    """Seconds that one process and ``jobs`` processes take for 20 photos, those of starting them included."""
    from mobilekit.convert.tflite.quantisable import operators

    _, graph = prepared(case)
    samples = samples_of(case, graph, photos, COUNTS[0])
    values = sorted({v for o in operators(graph) if o.rule for v in (*o.inputs, *o.outputs) if v})
    seconds, texts = [], []
    for number in (1, jobs):
        started = time.perf_counter()
        texts.append(observe(graph, samples, values=values, extremes=False, jobs=number).to_json())
        seconds.append(time.perf_counter() - started)
    if texts[0] != texts[1]:
        sys.exit(f"{case.name}: {jobs} processes observe something else than one")
    return seconds[0], seconds[1]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of this benchmark alone."""
    parser.add_argument(
        "--busy",
        action="store_true",
        help="one thread, its processor time: on a machine that does other things",
    )
    parser.add_argument("--jobs", type=int, default=0, help="compare this many processes with one")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)


def main() -> None:
    given = m.arguments(__doc__ or "", peer=False, more=add_arguments)
    if given.child:
        case = next(c for c in m.cases(given) if c.name == given.only)
        found = measured(case, given.photos, given.child, Clock(given.busy))
        print(json.dumps({name: getattr(found, name) for name in Measured.__slots__}))
        return
    rows, goals, results = [], [], {}
    for case in m.cases(given):
        few, many = (in_child(case, given, count) for count in COUNTS)
        growth = many.peak_mib - few.peak_mib
        for count, each in zip(COUNTS, (few, many), strict=True):
            ratio = each.observed_ms / each.bare_ms
            extra = each.observed_ms - each.bare_ms
            share = each.observed_ms / max(each.bare_ms * AT_MOST_RATIO, each.bare_ms + AT_MOST_EXTRA_MS)
            goals.append(m.Goal(f"{case.name}, {count} photos: share of what is allowed", share, 1.0))
            rows.append(
                [
                    case.name,
                    count,
                    each.values,
                    each.bare_ms,
                    each.observed_ms,
                    ratio,
                    extra,
                    each.peak_mib,
                    each.plan_s,
                ]
            )
        goals.append(m.Goal(f"{case.name}: MiB that 180 photos more take", growth, AT_MOST_GROWTH_MIB))
        results[case.name] = {
            str(n): [e.bare_ms, e.observed_ms, e.peak_mib] for n, e in zip(COUNTS, (few, many), strict=True)
        }
        if given.jobs:
            one, several = sharded(case, given.photos, given.jobs)
            results[case.name]["jobs"] = [one, several]
            print(f"{case.name}: 20 photos in {one:.1f} s by one process, {several:.1f} s by {given.jobs}")
    m.table(
        ["model", "photos", "values", "bare ms", "observed ms", "ratio", "more ms", "peak MiB", "plan s"],
        rows,
    )
    m.finish("calibration", results, goals)


if __name__ == "__main__":
    main()
