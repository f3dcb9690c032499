"""What stands for samples where a graph is not run: what was, or is to be, observed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mobilekit.calibrate.stats import CalibrationStats
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Array


class Observations(ABC):
    """Given for samples to ``observe`` and ``channel_extremes``, which ask it instead of the graph.

    So whatever plans from samples plans from statistics too.
    """

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

    @abstractmethod
    def channel_extremes(self, graph: Graph, *, values: Mapping[str, int]) -> dict[str, Array]:
        """As :func:`mobilekit.calibrate.observe.channel_extremes`."""

    @abstractmethod
    def spread(self, count: int) -> Observations:
        """Those of at most ``count`` samples, evenly spread."""
