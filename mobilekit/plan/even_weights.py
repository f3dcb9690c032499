"""Int8 weights of convolutions whose taps add up to what they did before they were rounded.

Where a map is flat, a convolution sees only the sum of its taps from each input channel. Rounded one by
one, 81 taps are off by 2.6 steps together, the same everywhere: a wrong colour, not noise. So a few taps
are rounded the other way, those that were nearest to the middle between two steps. (Nagel et al. 2019,
section 4.2, correct the same sum at the bias, for the mean input alone.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.tflite.view import view_of
from mobilekit.quantisation import INTEGERS
from mobilekit.source.graph import Graph, graph_from_proto

if TYPE_CHECKING:
    from mobilekit.quantisation import QuantisationPlan
    from mobilekit.tensors import Array

LEAST_TAPS = 4
"""Of fewer taps none is spare."""

_LARGEST = 127.0


def even_rounded(weights: Array) -> Array:
    """``weights`` [outputs, inputs, …taps] in symmetric int8 steps per output, as real numbers (float64)."""
    wide = weights.astype(np.float64)
    flat = wide.reshape(wide.shape[0], wide.shape[1], -1)
    largest = np.abs(flat).max(axis=(1, 2), keepdims=True, initial=0.0)
    steps = np.where(largest > 0.0, largest, 1.0) / _LARGEST
    exact = flat / steps
    integers = np.round(exact)
    if flat.shape[2] >= LEAST_TAPS:
        integers = _evened(exact, integers)
    return np.asarray((integers * steps).reshape(weights.shape))


def _evened(exact: Array, integers: Array) -> Array:
    """Integers with the sums of ``exact`` along the last axis, as nearly as whole numbers can.

    The largest weights stay: they are what the steps are measured by.
    """
    off = integers - exact
    surplus = np.round(off.sum(axis=2, keepdims=True))
    gain = np.where(np.abs(integers) < _LARGEST, off * np.sign(surplus), -1.0)
    rank = np.argsort(np.argsort(-gain, axis=2, kind="stable"), axis=2, kind="stable")
    moved = (rank < np.abs(surplus)) & (gain > 0.0)
    return np.asarray(integers - np.sign(surplus) * moved)


def with_even_weights(graph: Graph, plan: QuantisationPlan) -> Graph:
    """``graph`` with the weights of the plan's integer convolutions as they will be rounded."""
    import onnx

    view = view_of(graph)
    model = graph.proto()
    made: dict[str, str] = {}
    for node in model.graph.node:
        if node.op_type != "Conv" or node.domain or node.input[1] not in view.constants:
            continue
        name = node.input[1]
        weights = view.constants[name]
        if plan.precision_of(node.output[0]) not in INTEGERS or weights[0, 0].size < LEAST_TAPS:
            continue
        if name not in made:
            made[name] = f"{name}/even"
            array = even_rounded(weights).astype(weights.dtype)
            model.graph.initializer.append(onnx.numpy_helper.from_array(array, made[name]))
        node.input[1] = made[name]
    if not made:
        return graph
    used = {name for node in model.graph.node for name in node.input} | {o.name for o in model.graph.output}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    return graph_from_proto(model, stage=graph.stage)
