"""What calibration costs beside bare inference: python benchmarks/calibration.py [MODEL.onnx …].

For each model (the embedded demo first), in ONNX Runtime and interleaved in one run: milliseconds a
photo of a bare inference of the model as it was given, of the legalised graph bare, and of that graph
observed; decoding aside. And the peak memory of processes that calibrate with 20 and with 200 photos.
The claim: observing takes at most 1.5 times a bare inference or 15 ms more, whichever is larger, and
memory does not grow with the photos. Ratios are to the model as given, and to the legalised graph.
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


def prepared(path: Path) -> tuple[Graph, Graph]:
    """The graph as given, and legalised."""
    given = load(path)
    return given, legalise(normalise(given, samples=()).graph, samples=()).graph


def observed_values(graph: Graph) -> list[str]:
    """What int8 planning asks for, without a first look at the data."""
    all_operators = operators(graph)
    precisions = decide(all_operators)
    chosen = [o for o in all_operators if precisions[o.name].precision == "int8"]
    return [value for each in scale_classes(chosen) for value in each.sources]


def milliseconds(
    graphs: tuple[Graph, Graph], values: list[str], *, rounds: int, photos: int, scale: float
) -> list[float]:
    """Medians a photo: as given, legalised, observed. Feeds are ready beforehand, opening is left out."""
    graph = graphs[1]
    feeds = list(Feeds(graph=graph, count=photos, scale=scale))
    taken: tuple[list[float], ...] = ([], [], [])
    with open_graph(graphs[0]) as given, open_graph(graph) as legalised:
        for session in (given, legalised):
            session.run(feeds[0])
        for _ in range(rounds):
            for session, seconds in zip((given, legalised), taken, strict=False):
                started = time.perf_counter()
                for feed in feeds:
                    session.run(feed)
                seconds.append((time.perf_counter() - started) / photos)
            taken[2].extend(observing(graph, feeds, values))
    return [statistics.median(seconds) * 1e3 for seconds in taken]


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
    _, graph = prepared(path)
    stats: CalibrationStats = observe(
        graph, Feeds(graph=graph, count=count, scale=scale), values=observed_values(graph)
    )
    assert stats.values
    print(own_peak_mib())


def own_peak_mib() -> float:
    """On Linux not ru_maxrss: it starts from the parent's at the fork."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


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
        graphs = prepared(path)
        values = observed_values(graphs[1])
        bare, legalised, seen = milliseconds(
            graphs, values, rounds=options.rounds, photos=options.photos, scale=options.scale
        )
        fine = seen <= max(bare * LARGEST_RATIO, bare + LARGEST_EXTRA_MS)
        failed |= not fine
        line = f"{path.stem}: as given {bare:.1f} ms, legalised {legalised:.1f} ms"
        line += f", observing {len(values)} values {seen:.1f} ms: ratio {seen / bare:.2f} and"
        line += f" {seen / legalised:.2f}, {seen - bare:+.1f} ms, {'within' if fine else 'OVER'} the limit"
        if not options.no_memory:
            few, many = (peak_mib(path, count, options.scale) for count in (20, 200))
            failed |= many > few * 1.1
            line += f"; peak {few:.0f} MiB with 20 photos, {many:.0f} with 200"
        print(line, flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
