"""Everything that plans need of calibration samples, as a file: to plan again without the photos.

A shard's statistics are merged with another's to the same numbers as if all photos had been observed
at once; see `stats` for why. Rewrites are not merged: they are decided before values are observed, so
that shards must have the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.artifact import digest_of_bytes
from mobilekit.calibrate.observations import Observations, Rewrites
from mobilekit.calibrate.stats import CalibrationStats
from mobilekit.errors import InputDataError, PlanError

if TYPE_CHECKING:
    from mobilekit.calibrate.samples import SampleSource
    from mobilekit.source.graph import Graph

FORMAT = "mobilekit-statistics/1"

_MAKE = "make them with `mobilekit calibrate MODEL --photos FOLDER`"
_LIKE = "make the others with --like and the first file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics(Observations):
    """What calibration samples showed of a legalised graph and of what it is rewritten to.

    ``graph_digest`` is the legalised graph's, ``rewrites`` are what plans rewrite it by, ``values`` are
    statistics by `record_key`. ``samples`` has the names and digests of the pictures (or feeds) that
    were observed.
    """

    graph_digest: str
    values: Mapping[str, CalibrationStats]
    rewrites: Rewrites
    samples: tuple[tuple[str, str], ...]

    def observe(
        self,
        graph: Graph,
        *,
        values: Sequence[str],
        extremes: bool,
        progress: Callable[[int, int], None] | None,
    ) -> CalibrationStats:
        """The statistics of ``values``. Raises PlanError if they are not here."""
        del progress  # nothing is run
        if not values:
            return CalibrationStats(values={})
        kinds = (True,) if extremes else (False, True)
        known = [self.values.get(record_key(graph, extremes=kind)) for kind in kinds]
        found = {
            name: each.values[name]
            for each in reversed(known)
            if each
            for name in values
            if name in each.values
        }
        if missing := [name for name in values if name not in found]:
            raise self._lacking(graph, missing, extremes=extremes)
        return CalibrationStats(values={name: found[name] for name in values})

    def _lacking(self, graph: Graph, missing: Sequence[str], *, extremes: bool) -> PlanError:
        """Why there are no statistics of ``missing`` values."""
        some = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        if extremes and record_key(graph, extremes=False) in self.values:
            message = f"the statistics have no extremes of {some}"
            return PlanError(message, hint="calibrate with the --ranges that are to be planned with")
        if not any(record_key(graph, extremes=kind) in self.values for kind in (False, True)):
            message = (
                f"the statistics are of another graph: they have nothing of {graph.digest[:12]} ({some})"
            )
            hint = "statistics hold for one model, its shapes and one mobilekit: " + _MAKE
            return PlanError(message, hint=hint)
        message = f"the statistics have nothing of this graph about {some}"
        return PlanError(message, hint="they were made by another mobilekit: " + _MAKE)

    def __len__(self) -> int:
        return len(self.samples)

    def __bool__(self) -> bool:
        return True  # statistics of no photos are statistics

    def spread(self, count: int) -> SampleSource:
        """Raises PlanError: there are no samples any more."""
        message = f"a plan asks for {count} samples, and there are only statistics"
        raise PlanError(message, hint="they were made by another mobilekit: " + _MAKE)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return digest_of_bytes(self.to_json().encode())

    def check_graph(self, digest: str, *, where: str) -> None:
        """Raise PlanError unless these are of the legalised graph ``digest``; ``where`` names the file."""
        if self.graph_digest != digest:
            message = (
                f"{where} has statistics of another graph: {self.graph_digest[:12]}, {digest[:12]} expected"
            )
            hint = "statistics hold for one model, its shapes and one mobilekit: " + _MAKE
            raise PlanError(message, hint=hint)

    def merge(self, other: Statistics) -> Statistics:
        """Those of the samples of both.

        Raises PlanError where the graphs differ, or what they are rewritten by; InputDataError where
        a sample is in both.
        """
        if self.graph_digest != other.graph_digest:
            message = f"statistics of two graphs: {self.graph_digest[:12]} and {other.graph_digest[:12]}"
            raise PlanError(message, hint="shards must be of the same model with the same shapes")
        if self.rewrites != other.rewrites:
            message = "the statistics equalise channels differently: each shard has decided for itself"
            raise PlanError(message, hint=_LIKE)
        digests = {digest for _, digest in self.samples}
        if both := [name for name, digest in other.samples if digest in digests]:
            message = f"{len(both)} of the samples are in both, and would count twice: {', '.join(both[:3])}"
            raise InputDataError(message, hint="merge statistics of different photos")
        merged = {
            graph: stats.merge(other.values[graph])
            for graph, stats in self.values.items()
            if graph in other.values
        }
        return Statistics(
            graph_digest=self.graph_digest,
            values=merged,
            rewrites=self.rewrites,
            samples=tuple(sorted((*self.samples, *other.samples))),
        )

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, shortest round-trip floats."""
        plain = {
            "format": FORMAT,
            "graph_digest": self.graph_digest,
            "samples": [{"name": name, "sha256": digest} for name, digest in self.samples],
            "rewrites": {kind: dict(found) for kind, found in self.rewrites.items()},
            "values": {graph: json.loads(stats.to_json()) for graph, stats in self.values.items()},
        }
        return json.dumps(plain, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str, *, where: str = "the text") -> Statistics:
        """What ``to_json`` wrote. Raises InputDataError if it is damaged; ``where`` names the file."""
        try:
            return cls(**_fields(json.loads(text)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"{where} has no calibration statistics of format {FORMAT}: {error}"
            raise InputDataError(message, hint=_MAKE) from error


def read_statistics(path: Path) -> Statistics:
    """The statistics in a file. Raises InputDataError if it cannot be read, or is damaged."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"cannot read the statistics {path}: {error}"
        raise InputDataError(message, hint=_MAKE) from error
    return Statistics.from_json(text, where=str(path))


def _fields(plain: Mapping[str, Any]) -> dict[str, Any]:
    if plain["format"] != FORMAT:
        raise KeyError(plain["format"])
    return {
        "graph_digest": str(plain["graph_digest"]),
        "samples": tuple((str(s["name"]), str(s["sha256"])) for s in plain["samples"]),
        "rewrites": {
            kind: {name: tuple(float(v) for v in numbers) for name, numbers in found.items()}
            for kind, found in plain["rewrites"].items()
        },
        "values": {g: CalibrationStats.from_json(json.dumps(v)) for g, v in plain["values"].items()},
    }


def record_key(graph: Graph, *, extremes: bool) -> str:
    """Under which name a graph's statistics are kept; apart where they have every sample's extremes."""
    return f"{graph.digest} extremes" if extremes else graph.digest
