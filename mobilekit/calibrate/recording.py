"""Samples that keep what is observed of them, apart for their two halves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.calibrate.observations import Observations
from mobilekit.calibrate.observe import channel_extremes, observe
from mobilekit.calibrate.statistics import Channels, Statistics, record_key
from mobilekit.calibrate.stats import CalibrationStats

if TYPE_CHECKING:
    from mobilekit.calibrate.samples import SampleSource
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Array, Feed


@dataclass(slots=True)
class Log:
    """What was observed so far: of even samples and of odd ones by ``record_key``, of channels by graph."""

    even: dict[str, CalibrationStats] = field(default_factory=dict)
    odd: dict[str, CalibrationStats] = field(default_factory=dict)
    channels: dict[str, dict[str, tuple[float, ...]]] = field(default_factory=dict)


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

    ``like`` are channel extremes to use instead of those of the samples: another shard's.
    """

    samples: SampleSource
    log: Log = field(default_factory=Log)
    like: Channels | None = None

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
                observe(graph, half, values=wanted, extremes=extremes, progress=_part(progress, done, total))
                for half, done in zip(halves, (0, len(halves[0])), strict=True)
                if len(half)
            ]
            even, odd = even.merge(seen[0]), odd.merge(seen[1]) if len(seen) > 1 else odd
            self.log.even[key], self.log.odd[key] = even, odd
        found = even.merge(odd).values
        return CalibrationStats(values={name: found[name] for name in dict.fromkeys(values)})

    def channel_extremes(self, graph: Graph, *, values: Mapping[str, int]) -> dict[str, Array]:
        """The extremes per channel of ``values`` over all samples; those of ``like`` where it has them."""
        given = (self.like or {}).get(graph.digest, {})
        known = {name: np.array(given[name], dtype=np.float64) for name in values if name in given}
        wanted = {name: axis for name, axis in values.items() if name not in known}
        if wanted:
            known |= channel_extremes(graph, self.samples, values=wanted)
        if known:
            found = {name: tuple(float(v) for v in extremes) for name, extremes in known.items()}
            self.log.channels.setdefault(graph.digest, {}).update(found)
        return known

    def spread(self, count: int) -> Recorder:
        """The same log over at most ``count`` of the samples."""
        return Recorder(samples=self.samples.spread(count), log=self.log, like=self.like)

    def statistics(self, graph_digest: str, samples: Sequence[tuple[str, str]]) -> Statistics:
        """What was recorded; ``samples`` are the names and digests of what was observed."""
        empty = CalibrationStats(values={})
        return Statistics(
            graph_digest=graph_digest,
            values={g: even.merge(self.log.odd.get(g, empty)) for g, even in self.log.even.items()},
            channels=self.log.channels,
            samples=tuple(sorted(samples)),
        )


def _part(
    progress: Callable[[int, int], None] | None, done: int, total: int
) -> Callable[[int, int], None] | None:
    """Progress of one half as that of the whole."""
    if progress is None:
        return None
    return lambda part, _: progress(done + part, total)
