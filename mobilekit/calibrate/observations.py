"""What stands for samples where a graph is not run: what was, or is to be, observed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mobilekit.calibrate.samples import SampleSource
    from mobilekit.calibrate.stats import CalibrationStats
    from mobilekit.source.graph import Graph

Rewrites = Mapping[str, Mapping[str, tuple[float, ...]]]
"""What a plan rewrites its graph by: the plan's field, the value's name, a number per channel."""


class Observations(ABC):
    """Given for samples to ``observe``, which asks it instead of the graph; and to planners.

    So whatever plans from samples plans from statistics too. ``rewrites`` is what the graph is to be
    rewritten by; None where the samples are to decide it.
    """

    rewrites: Rewrites | None

    @abstractmethod
    def spread(self, count: int) -> SampleSource:
        """At most ``count`` samples, evenly spread, to decide the rewrites."""

    @abstractmethod
    def observe(
        self,
        graph: Graph,
        *,
        values: Sequence[str],
        extremes: bool,
        progress: Callable[[int, int], None] | None,
    ) -> CalibrationStats:
        """As :func:`mobilekit.calibrate.observe.observe`."""
