"""Which convolutions before norms need more than 255 steps: measured at the outputs, on the poorest photos.

A norm divides by each photo's own deviation, so photos of little contrast lose most. What is lost early
is amplified by every norm behind it, what is lost late is not: each rounding is looked at alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.tflite.view import view_of
from mobilekit.plan.equalise import equalise
from mobilekit.plan.macs import count_macs
from mobilekit.plan.ranges import scale_of
from mobilekit.plan.rounded_value import with_rounded
from mobilekit.runtimes.ort import open_graph

if TYPE_CHECKING:
    from mobilekit.calibrate.channels import ChannelSketch
    from mobilekit.quantisation import TensorRange
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Array, Feed

LOUD = 1.0e-5
"""Noise over the squared range of an output (50 dB) from which a rounding is worth another convolution."""
MOST_EACH, MOST_WORK = 0.1, 0.2
"""The share of all multiply-accumulates that one more convolution, and all of them, may cost."""
_PHOTOS = 2
_MOST_LOOKED_AT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Equal:
    """Factors, shifts and intervals of the values before norms."""

    factors: Mapping[str, tuple[float, ...]]
    shifts: Mapping[str, tuple[float, ...]]
    ranges: Mapping[str, TensorRange]


def too_coarse(
    graph: Graph, samples: Iterable[Feed], sketches: Mapping[str, ChannelSketch], equal: Equal
) -> tuple[str, ...]:
    """Those of the values in ``sketches`` (what convolutions make for norms) to compute in two parts, sorted.

    Raises what ONNX Runtime's sessions raise.
    """
    view = view_of(graph)
    counts = count_macs(view)
    total = sum(counts.values())
    convolutions = {node.output[0] for node in view.nodes if node.op_type == "Conv"}
    cost = {v: counts[v] / total for v in sketches if v in convolutions and v in equal.ranges}
    tried = [v for v in cost if cost[v] <= MOST_EACH][:_MOST_LOOKED_AT]
    outputs = [spec.name for spec in graph.outputs if spec.dtype.is_float]
    if not tried or not outputs:
        return ()
    prepared = equalise(graph, equal.factors, equal.shifts)
    feeds = _poorest(samples, [_lost(sketches[v], equal.factors[v], equal.ranges[v]) for v in tried])
    loss = _Loss(prepared, outputs, feeds)
    scales = {v: scale_of(equal.ranges[v]) for v in tried}
    if loss.of(with_rounded(prepared, scales)) <= LOUD:
        return ()
    noise = {v: loss.of(with_rounded(prepared, {v: scales[v]})) for v in tried}
    found: list[str] = []
    for value in sorted(tried, key=lambda v: (-noise[v] / cost[v], v)):
        if noise[value] > LOUD and sum(cost[v] for v in (*found, value)) <= MOST_WORK:
            found.append(value)
    return tuple(sorted(found))


def _lost(sketch: ChannelSketch, factors: tuple[float, ...], interval: TensorRange) -> Array:
    """The error of rounding in units of each photo's variance, by photo."""
    step = (interval.maximum - interval.minimum) / np.array(factors)
    variances = np.maximum(sketch.variances, np.finfo(np.float64).tiny)
    return np.asarray(np.median(np.square(step)[None, :] / variances, axis=1))


def _poorest(samples: Iterable[Feed], lost: list[Array]) -> list[Feed]:
    """The samples that lose most in the first of the values, and in any."""
    order = [int(np.argmax(lost[0])), *np.argsort(-np.max(lost, axis=0), kind="stable").tolist()]
    wanted = list(dict.fromkeys(order))[:_PHOTOS]
    return [feed for index, feed in enumerate(samples) if index in wanted]


class _Loss:
    """The noise at the ``outputs`` of altered graphs, of the worst feed and output."""

    def __init__(self, graph: Graph, outputs: list[str], feeds: list[Feed]) -> None:
        used = {spec.name for spec in graph.inputs}
        self._feeds = [{name: value for name, value in feed.items() if name in used} for feed in feeds]
        self._outputs = outputs
        with open_graph(graph) as session:
            self._exact = [session.run(feed) for feed in self._feeds]

    def of(self, altered: Graph) -> float:
        with open_graph(altered, integers=False) as session:
            found = [session.run(feed) for feed in self._feeds]
        return max(
            _noise(exact[name], got[name])
            for exact, got in zip(self._exact, found, strict=True)
            for name in self._outputs
        )


def _noise(exact: Array, got: Array) -> float:
    extent = float(exact.max() - exact.min())
    error = float(np.mean(np.square(exact.astype(np.float64) - got)))
    return error / extent**2 if extent > 0.0 and np.isfinite(error) else 0.0
