"""What calibration costs beside bare inference: python benchmarks/calibration.py [MODEL.onnx …].

For each model (the embedded demo first): milliseconds a photo of a bare float inference in ONNX
Runtime, of the same inference observed, and their ratio, interleaved in one run, decoding aside; and
the peak memory of processes that calibrate with 20 and with 200 photos. The claim: at most 1.5 times
a bare inference or 15 ms more, whichever is larger, and memory that does not grow with the photos.
Models need not be described: inputs are seeded numbers in 0…1 (times --scale).
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from mobilekit.calibrate.observe import observe
from mobilekit.calibrate.stats import CalibrationStats
from mobilekit.convert.tflite.quantisable import operators
from mobilekit.legalise.pipeline import legalise
from mobilekit.normalise.pipeline import normalise
from mobilekit.plan.precision import decide
from mobilekit.plan.same_scale import scale_classes
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import Graph
from mobilekit.source.load import load

DEMO = Path(__file__).parents[1] / "mobilekit" / "demo" / "fusion.onnx"
LARGEST_RATIO, LARGEST_EXTRA_MS = 1.5, 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeds:
    """``count`` seeded feeds of a graph, made one at a time; iterating notes when each was taken."""

    graph: Graph
    count: int
    scale: float

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        for index in range(self.count):
            rng = np.random.default_rng(index)
            yield {
                spec.name: (rng.random(spec.shape) * self.scale).astype(spec.dtype.value)
                for spec in self.graph.inputs
            }


def prepared(path: Path) -> Graph:
    return legalise(normalise(load(path), samples=()).graph, samples=()).graph


def observed_values(graph: Graph) -> list[str]:
    """What int8 planning asks for, without a first look at the data."""
    all_operators = operators(graph)
    precisions = decide(all_operators)
    chosen = [o for o in all_operators if precisions[o.name].precision == "int8"]
    return [value for each in scale_classes(chosen) for value in each.sources]


def milliseconds(
    graph: Graph, values: list[str], *, rounds: int, photos: int, scale: float
) -> tuple[float, float]:
    """Medians a photo: bare, observed. Feeds are ready beforehand; opening is left out of both."""
    feeds = list(Feeds(graph=graph, count=photos, scale=scale))
    bare: list[float] = []
    seen: list[float] = []
    with open_graph(graph) as session:
        session.run(feeds[0])
        for _ in range(rounds):
            started = time.perf_counter()
            for feed in feeds:
                session.run(feed)
            bare.append((time.perf_counter() - started) / photos)
            seen += observing(graph, feeds, values)
    return statistics.median(bare) * 1e3, statistics.median(seen) * 1e3


def observing(graph: Graph, feeds: list[dict[str, np.ndarray]], values: list[str]) -> list[float]:
    """Seconds that each photo but the first takes to observe, for percentile ranges."""
    marks: list[float] = []
    progress: Callable[[int, int], None] = lambda done, total: marks.append(time.perf_counter())  # noqa: ARG005, E731
    observe(graph, feeds, values=values, extremes=False, progress=progress)
    return [after - before for before, after in pairwise(marks)]


def peak_mib(path: Path, count: int, scale: float) -> float:
    """Peak resident memory of a process that observes ``count`` photos, in MiB."""
    command = [sys.executable, __file__, "--peak", str(count), "--scale", str(scale), str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def print_peak(path: Path, count: int, scale: float) -> None:
    graph = prepared(path)
    stats: CalibrationStats = observe(
        graph, Feeds(graph=graph, count=count, scale=scale), values=observed_values(graph)
    )
    assert stats.values
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--photos", type=int, default=8)
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--peak", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        print_peak(options.models[0], options.peak, options.scale)
        return 0
    failed = False
    for path in [DEMO, *options.models]:
        graph = prepared(path)
        values = observed_values(graph)
        bare, seen = milliseconds(
            graph, values, rounds=options.rounds, photos=options.photos, scale=options.scale
        )
        fine = seen <= max(bare * LARGEST_RATIO, bare + LARGEST_EXTRA_MS)
        failed |= not fine
        line = f"{path.stem}: bare {bare:.1f} ms, observing {len(values)} values {seen:.1f} ms"
        line += f", ratio {seen / bare:.2f}, {seen - bare:+.1f} ms, {'within' if fine else 'OVER'} the limit"
        if not options.no_memory:
            few, many = (peak_mib(path, count, options.scale) for count in (20, 200))
            failed |= many > few * 1.1
            line += f"; peak {few:.0f} MiB with 20 photos, {many:.0f} with 200"
        print(line, flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
