"""Samples that keep what is observed of them, apart for their two halves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mobilekit.calibrate.observations import Observations, Rewrites
from mobilekit.calibrate.observe import observe
from mobilekit.calibrate.statistics import Statistics, record_key
from mobilekit.calibrate.stats import CalibrationStats

if TYPE_CHECKING:
    from mobilekit.calibrate.samples import SampleSource
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Feed


@dataclass(slots=True)
class Log:
    """What was observed so far, by ``record_key``: of even samples and of odd ones."""

    even: dict[str, CalibrationStats] = field(default_factory=dict)
    odd: dict[str, CalibrationStats] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """Every second feed of ``samples``, from ``first`` on; pairs of photos are those of the whole."""

    samples: SampleSource
    first: int

    def __len__(self) -> int:
        return len(range(self.first, len(self.samples), 2))

    def __iter__(self) -> Iterator[Feed]:
        return (self.samples[index] for index in range(self.first, len(self.samples), 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder(Observations):
    """``samples`` that are observed when a value is first asked for.

    ``rewrites`` are another shard's, to be used instead of what the samples would decide.
    """

    samples: SampleSource
    log: Log = field(default_factory=Log)
    rewrites: Rewrites | None = None

    def observe(
        self,
        graph: Graph,
        *,
        values: Sequence[str],
        extremes: bool,
        progress: Callable[[int, int], None] | None,
    ) -> CalibrationStats:
        """The statistics of ``values`` over all samples."""
        key, empty = record_key(graph, extremes=extremes), CalibrationStats(values={})
        even, odd = self.log.even.get(key, empty), self.log.odd.get(key, empty)
        wanted = [name for name in dict.fromkeys(values) if name not in even.values]
        if wanted:
            total = len(self.samples)
            halves = Half(samples=self.samples, first=0), Half(samples=self.samples, first=1)
            seen = [
                observe(
                    graph,
                    half,
                    values=wanted,
                    extremes=extremes,
                    jobs=self.samples.jobs,
                    progress=_part(progress, done, total),
                )
                for half, done in zip(halves, (0, len(halves[0])), strict=True)
                if len(half)
            ]
            even, odd = even.merge(seen[0]), odd.merge(seen[1]) if len(seen) > 1 else odd
            self.log.even[key], self.log.odd[key] = even, odd
        found = even.merge(odd).values
        return CalibrationStats(values={name: found[name] for name in dict.fromkeys(values)})

    def spread(self, count: int) -> SampleSource:
        """At most ``count`` of the samples."""
        return self.samples.spread(count)

    def statistics(
        self, graph_digest: str, samples: Sequence[tuple[str, str]], *, rewrites: Rewrites
    ) -> Statistics:
        """What was recorded; ``samples`` are the names and digests of what was observed."""
        empty = CalibrationStats(values={})
        return Statistics(
            graph_digest=graph_digest,
            values={g: even.merge(self.log.odd.get(g, empty)) for g, even in self.log.even.items()},
            rewrites=rewrites,
            samples=tuple(sorted(samples)),
        )


def _part(
    progress: Callable[[int, int], None] | None, done: int, total: int
) -> Callable[[int, int], None] | None:
    """Progress of one half as that of the whole."""
    if progress is None:
        return None
    return lambda part, _: progress(done + part, total)
