"""The error that int8 adds where weights read a value: from its steps, and from those of the weights.

Both are estimated as independent uniform roundings, from the weights and the mean squares of the
channels (Nagel et al. 2019, section 4, and Xiao et al. 2022 balance the same two by a rule of thumb).
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.tflite.carried import attributes, channels_of, role

if TYPE_CHECKING:
    import onnx

    from mobilekit.calibrate.channels import ChannelSketch
    from mobilekit.convert.tflite.view import GraphView
    from mobilekit.tensors import Array

_ACTIVATION_STEPS, _WEIGHT_STEPS = 255.0, 127.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Weights [outputs, inputs, taps] that read ``value``; one that reads groups has zeros elsewhere."""

    value: str
    weights: Array


def readers_of(view: GraphView, values: AbstractSet[str]) -> tuple[Reader, ...]:
    """The products that read ``values`` directly or behind a Pad."""
    behind = {v: v for v in values}
    for node in view.nodes:
        if node.op_type == "Pad" and not node.domain and node.input[0] in behind:
            behind.setdefault(node.output[0], behind[node.input[0]])
    found = []
    for node in view.nodes:
        source = behind.get(node.input[0]) if node.input else None
        if source is not None and role(view, node).produces and role(view, node).absorbs and not node.domain:
            found.append(Reader(value=source, weights=matrix_of(view, node)))
    return tuple(found)


def noise(reader: Reader, factors: Array, sketch: ChannelSketch) -> float:
    """The estimated error of one reader's output with ``factors`` on its input, as a share of its power."""
    power = sketch.squares.mean(axis=0)
    weights = reader.weights / factors[None, :, None]
    low, high = sketch.quantiles[:, :, 1].min(axis=0), sketch.quantiles[:, :, -2].max(axis=0)
    width = max(float((high * factors).max()), 0.0) - min(float((low * factors).min()), 0.0)
    activations = (width / _ACTIVATION_STEPS) ** 2 * float(np.square(weights).sum())
    steps = np.abs(weights).max(axis=(1, 2)) / _WEIGHT_STEPS
    taps = (reader.weights != 0.0).sum(axis=2)
    rounded = float((np.square(steps)[:, None] * taps * (power * np.square(factors))[None, :]).sum())
    signal = float((np.square(reader.weights).sum(axis=2) * power[None, :]).sum())
    return (activations + rounded) / (12.0 * signal) if signal > 0.0 else 0.0


def matrix_of(view: GraphView, node: onnx.NodeProto) -> Array:
    """The weights of ``node`` as [outputs, inputs, taps]."""
    weights = view.constants[node.input[1]].astype(np.float64)
    said = attributes(node)
    if node.op_type == "Gemm" and said.get("transB", 0):
        return weights[:, :, None]
    if node.op_type in ("Gemm", "MatMul"):
        return weights.T[:, :, None]
    if node.op_type == "ConvTranspose":
        return weights.swapaxes(0, 1).reshape(weights.shape[1], weights.shape[0], -1)
    groups, channels = said.get("group", 1), channels_of(view, node.input[0])
    whole = np.zeros((weights.shape[0], channels, int(np.prod(weights.shape[2:]))))
    each_out, each_in = weights.shape[0] // groups, weights.shape[1]
    for group in range(groups):
        rows = slice(group * each_out, (group + 1) * each_out)
        columns = slice(group * each_in, (group + 1) * each_in)
        whole[rows, columns] = weights[rows].reshape(each_out, each_in, -1)
    return whole
