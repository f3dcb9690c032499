"""What each channel of a value looks like, photo by photo: order statistics and mean squares.

A few photos are enough: this says how large channels are beside each other, not where ranges end.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.errors import InputDataError
from mobilekit.source.graph import Graph, graph_from_proto

if TYPE_CHECKING:
    import onnx

    from mobilekit.tensors import Array, Feed

POSITIONS = 576
"""About so many positions of a map are looked at, in every channel of every photo."""

_TAIL = np.array([0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 384], dtype=np.float64) / 1024.0
LEVELS: Array = np.concatenate([_TAIL, [0.5], 1.0 - _TAIL[::-1]])
"""The quantiles that are kept: densest where the tails are."""

MASSES: Array = np.diff(np.concatenate([[0.0], (LEVELS[1:] + LEVELS[:-1]) / 2.0, [1.0]]))
"""The share of the values that each quantile stands for."""

_PREFIX = "mobilekit.channels"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSketch:
    """``quantiles`` [photos, channels, levels]; ``means`` of values and of ``squares`` [photos, channels]."""

    quantiles: Array
    means: Array
    squares: Array

    @property
    def variances(self) -> Array:
        """The variance of each channel on each photo."""
        return np.asarray(np.maximum(self.squares - self.means**2, 0.0))

    @property
    def finite(self) -> bool:
        """Whether every value seen was a number."""
        return bool(np.isfinite(self.squares).all())

    def reach(self, skipped: int = 1) -> Array:
        """The largest magnitude of each channel, but for the outermost levels ``skipped`` of every photo."""
        low, high = self.quantiles[:, :, skipped], self.quantiles[:, :, -1 - skipped]
        return np.asarray(np.maximum(np.abs(low), np.abs(high)).max(axis=0))


def channel_sketches(
    graph: Graph, samples: Iterable[Feed], *, values: Sequence[str]
) -> dict[str, ChannelSketch]:
    """Sketches of the float ``values`` (channels along axis 1), in one pass over ``samples``.

    Raises InputDataError if there are no samples.
    """
    from mobilekit.runtimes.ort import open_graph

    values = tuple(dict.fromkeys(values))
    if not values:
        return {}
    model = graph.proto()
    names = _tap(model, values)
    rows: dict[str, list[tuple[Array, Array, Array]]] = {value: [] for value in values}
    with open_graph(graph_from_proto(model, stage=graph.stage)) as session:
        used = {spec.name for spec in session.inputs}
        for feed in samples:
            outputs = session.run({name: array for name, array in feed.items() if name in used})
            for value in values:
                rows[value].append(_row(outputs[names[value]]))
    if not rows[values[0]]:
        message = "there are no samples to observe"
        raise InputDataError(message, hint="give photos or samples to calibrate with")
    return {value: _stacked(found) for value, found in rows.items()}


def _stacked(rows: Sequence[tuple[Array, Array, Array]]) -> ChannelSketch:
    quantiles, means, squares = (np.stack(parts) for parts in zip(*rows, strict=True))
    return ChannelSketch(quantiles=quantiles, means=means, squares=squares)


def _row(array: Array) -> tuple[Array, Array, Array]:
    """Quantiles, mean and mean square of each channel of one photo."""
    flat = np.moveaxis(array, 1, 0).reshape(array.shape[1], -1).astype(np.float64)
    order = np.sort(flat, axis=1)
    places = np.round(LEVELS * (flat.shape[1] - 1)).astype(np.intp)
    return order[:, places], flat.mean(axis=1), np.square(flat).mean(axis=1)


def _tap(model: onnx.ModelProto, values: Sequence[str]) -> dict[str, str]:
    """Let ``values`` leave the model, thinned out where they are large; the outputs' names."""
    import onnx

    infos = {v.name: v.type.tensor_type for v in (*model.graph.input, *model.graph.value_info)}
    infos |= {v.name: v.type.tensor_type for v in model.graph.output}
    del model.graph.output[:]
    names = {}
    for value in values:
        shape = [d.dim_value for d in infos[value].shape.dim]
        names[value] = value
        step = math.isqrt(math.prod(shape[2:]) // POSITIONS) if len(shape) == 4 else 1
        if step > 1:
            step += 1 - step % 2  # odd: it meets every phase of what was enlarged
            names[value] = f"{_PREFIX}.{value}"
            pool = onnx.helper.make_node(
                "MaxPool", [value], [names[value]], kernel_shape=[1, 1], strides=[step, step]
            )
            model.graph.node.append(pool)
            shape[2:] = [-(-side // step) for side in shape[2:]]
        model.graph.output.append(
            onnx.helper.make_tensor_value_info(names[value], infos[value].elem_type, shape)
        )
    return names
