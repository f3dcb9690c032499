"""The fewest more nodes in float32: the loudest roundings are found by halving, loudest half first.

Noise of different roundings adds up. A group of them is simulated alone; the loudest group is cut in
two until single ones are left, and those are silenced until what remains is below the budget.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from mobilekit.metrics import psnr
from mobilekit.plan.half_simulate import Rounded, roundings, simulated
from mobilekit.runtimes.ort import open_graph

if TYPE_CHECKING:
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Array, Feed

Outputs = Mapping[str, "Array"]
Scores = Mapping[str, Sequence[float]]

EXACT_DB = 200.0
"""Stands for no difference at all."""
MOST_RUNS = 160
"""Simulations of one photo that a search may take."""
_STRICTER = 0.5
_LOUDEST = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Fidelity:
    """PSNR of an output in dB over photos; EXACT_DB is no difference, -EXACT_DB not finite."""

    mean: float
    worst: float

    def to_json(self) -> dict[str, float]:
        """As plain JSON values."""
        return {"mean": self.mean, "worst": self.worst}


def search(
    graph: Graph,
    samples: Sequence[Feed],
    *,
    islands: frozenset[str],
    mean_db: float,
    worst_db: float,
) -> tuple[dict[str, str], dict[str, Fidelity]]:
    """``(further islands with reasons, fidelity of the whole by float output)``.

    Gives up, with what it has by then, when nothing is left to add or MOST_RUNS are spent: the fidelity
    says so.
    """
    if not any(spec.dtype.is_float for spec in graph.outputs):
        return {}, {}
    exact = _outputs(graph, samples)
    scores = _scores(exact, _outputs(simulated(graph, islands=islands), samples))
    more: dict[str, str] = {}
    if not scores or _meets(scores, mean_db, worst_db):
        return more, _fidelity(scores)
    worst = min(range(len(samples)), key=lambda i: min(values[i] for values in scores.values()))
    looking = _Search(graph=graph, feed=samples[worst], exact=exact[worst])
    looking.add(roundings(graph, islands=islands))
    allowed = 10.0 ** (-mean_db / 10.0)
    while not _meets(scores, mean_db, worst_db):
        for each, noise in looking.silenced(until=allowed):
            reason = f"rounding {_said(each)} to float16 alone leaves {_decibels(noise):.0f} dB"
            more |= {node: reason for node in each.nodes if node not in islands and node not in more}
        now = simulated(graph, islands=islands | more.keys())
        scores = _scores(exact, _outputs(now, samples))
        if looking.done:
            break
        allowed *= _STRICTER
    return more, _fidelity(scores)


class _Search:
    """Groups of roundings by the noise of each alone, on one photo."""

    def __init__(self, *, graph: Graph, feed: Feed, exact: Outputs) -> None:
        self._graph, self._feed, self._exact = graph, feed, exact
        self._groups: list[tuple[float, int, tuple[Rounded, ...]]] = []
        self._runs = 0

    @property
    def done(self) -> bool:
        """Whether nothing can be found any more."""
        return not self._groups or self._runs >= MOST_RUNS

    def add(self, group: Sequence[Rounded]) -> None:
        """Measure a group and remember it."""
        if not group:
            return
        self._runs += 1
        got = _outputs(simulated(self._graph, only=group), [self._feed])
        noise = max((_noise(values[0]) for values in _scores([self._exact], got).values()), default=0.0)
        if noise > 0.0:
            heapq.heappush(self._groups, (-noise, self._runs, tuple(group)))

    def silenced(self, *, until: float) -> list[tuple[Rounded, float]]:
        """The single roundings, loudest first, without which the noise left is at most ``until``."""
        found = []
        while not self.done and sum(-noise for noise, _, _ in self._groups) > until:
            noise, _, group = heapq.heappop(self._groups)
            if len(group) == 1:
                found.append((group[0], -noise))
                continue
            middle = len(group) // 2
            self.add(group[:middle])
            self.add(group[middle:])
        return found


def _said(each: Rounded) -> str:
    return f"what is inside {each.name}" if each.kind == "inside" else each.name


def _outputs(graph: Graph, samples: Sequence[Feed]) -> list[dict[str, Array]]:
    with open_graph(graph) as session:
        return [session.run(feed) for feed in samples]


def _scores(exact: Sequence[Outputs], got: Sequence[Outputs]) -> dict[str, list[float]]:
    """PSNR by float output and photo."""
    floats = [name for name, array in exact[0].items() if array.dtype.kind == "f" and array.size]
    return {
        name: [_limited(psnr(e[name], g[name])) for e, g in zip(exact, got, strict=True)] for name in floats
    }


def _limited(decibels: float | None) -> float:
    return EXACT_DB if decibels is None else max(-EXACT_DB, min(EXACT_DB, decibels))


def _meets(scores: Scores, mean_db: float, worst_db: float) -> bool:
    return all(fmean(values) >= mean_db and min(values) >= worst_db for values in scores.values())


def _fidelity(scores: Scores) -> dict[str, Fidelity]:
    return {
        name: Fidelity(mean=round(fmean(values), 1), worst=round(min(values), 1))
        for name, values in scores.items()
    }


def _noise(decibels: float) -> float:
    return 0.0 if decibels >= EXACT_DB else min(10.0 ** (-decibels / 10.0), _LOUDEST)


def _decibels(noise: float) -> float:
    return -10.0 * math.log10(noise)
