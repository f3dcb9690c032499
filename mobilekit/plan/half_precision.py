"""Which nodes of a float16 file compute in float32, and why: ranges first, then the fewest others.

Two things are decided here, both on photos. What float16 cannot hold (:mod:`half_ranges`) is an island
in any case. Where the rounding of the rest still costs more than the budget, the loudest sources of it
are looked for by simulation (:mod:`half_search`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from mobilekit.calibrate.samples import SampleSource
from mobilekit.errors import InputDataError
from mobilekit.plan.half_ranges import range_reasons
from mobilekit.plan.half_search import Fidelity, search

if TYPE_CHECKING:
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Feed

FORMAT = "mobilekit-half/1"
MEAN_DB = 50.0
WORST_DB = 45.0
"""What a float16 file must reach against the float model, over photos and for the worst one."""

MARGIN_DB = 2.0
"""Aimed at beyond the budget: other photos differ, and a node may be several operators of the target."""

OBSERVED = 16
"""Photos whose ranges are looked at."""
SIMULATED = 6
"""Photos that roundings are simulated on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfPlan:
    """``islands`` maps the first output of each float32 node of the legalised graph to the reason.

    ``fidelity`` is what the simulated file loses on ``photos`` photos, by output; None where it is exact.
    """

    graph: str
    islands: Mapping[str, str] = field(default_factory=dict)
    fidelity: Mapping[str, Fidelity] = field(default_factory=dict)
    photos: int = 0

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, sorted."""
        return {
            "format": FORMAT,
            "graph": self.graph,
            "islands": dict(sorted(self.islands.items())),
            "fidelity": {name: found.to_json() for name, found in sorted(self.fidelity.items())},
            "photos": self.photos,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> HalfPlan:
        """The inverse of :meth:`to_json`. Raises InputDataError for another format."""
        if content.get("format") != FORMAT:
            message = f"format {content.get('format')!r}, expected {FORMAT!r}"
            raise InputDataError(message, hint="plan it again with this version")
        return cls(
            graph=content["graph"],
            islands=dict(content["islands"]),
            fidelity={name: Fidelity(**found) for name, found in content["fidelity"].items()},
            photos=content["photos"],
        )


def half_precision(
    graph: Graph,
    samples: SampleSource | Sequence[Feed] | Iterable[Feed],
    *,
    mean_db: float = MEAN_DB,
    worst_db: float = WORST_DB,
    progress: Callable[[int, int], None] | None = None,
) -> HalfPlan:
    """The float32 islands that a float16 file of the legalised ``graph`` needs on ``samples``.

    At most OBSERVED samples, evenly spread, are run. ``progress`` is that of observing. The same graph
    and samples give the same plan. Raises InputDataError if there are no samples.
    """
    observed = _spread(samples, OBSERVED)
    islands = range_reasons(graph, observed, progress=progress)
    simulated = [dict(feed) for feed in _spread(observed, SIMULATED)]
    more, fidelity = search(
        graph,
        simulated,
        islands=frozenset(islands),
        mean_db=mean_db + MARGIN_DB,
        worst_db=worst_db + MARGIN_DB,
    )
    return HalfPlan(
        graph=graph.digest,
        islands=dict(sorted({**more, **islands}.items())),
        fidelity=fidelity,
        photos=len(simulated),
    )


def _spread(
    samples: SampleSource | Sequence[Feed] | Iterable[Feed], count: int
) -> SampleSource | Sequence[Feed]:
    """At most ``count`` samples, evenly spread where their number is known."""
    if isinstance(samples, SampleSource):
        return samples.spread(count)
    if not isinstance(samples, Sequence):
        return list(islice(samples, count))
    if len(samples) <= count:
        return samples
    return [samples[index * len(samples) // count] for index in range(count)]
