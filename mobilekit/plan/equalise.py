"""Channel equalisation before a normalisation: free and exact.

::

    x ─ Conv(w, b) ─ Normalize(ε)    becomes    x ─ Conv(s·w, s·b) ─ Normalize(s²·ε)

A norm over the spatial axes cancels any positive factor s of a channel, so the channels can be
scaled until each fills the int8 range (after Nagel et al. 2019, section 4.1, where the next layer
does the cancelling).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.calibrate.observe import channel_extremes
from mobilekit.errors import PlanError
from mobilekit.source.graph import Graph, graph_from_proto

if TYPE_CHECKING:
    import onnx

    from mobilekit.tensors import Array, Feed

LARGEST_FACTOR = 1024.0

_CHANNEL = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A convolution and the normalisation that alone reads its output."""

    convolution: onnx.NodeProto
    norm: onnx.NodeProto


def equalisation_factors(graph: Graph, samples: Iterable[Feed]) -> dict[str, tuple[float, ...]]:
    """Factors per channel, by the convolution's output, that make all channels equally large.

    1 for channels that are always zero, at most 1024.
    """
    pairs = _pairs(graph.proto())
    if not pairs:
        return {}
    largest = channel_extremes(graph, samples, values=dict.fromkeys(pairs, _CHANNEL))
    return {value: _factors(largest[value]) for value in pairs}


def equalise(graph: Graph, factors: Mapping[str, tuple[float, ...]]) -> Graph:
    """``graph`` with the channels of the convolutions in ``factors`` scaled, and their norms' epsilons.

    Raises PlanError if a name is not a convolution that only a normalisation reads, or if the
    factors are not positive and as many as its channels.
    """
    if not factors:
        return graph
    model = graph.proto()
    pairs = _pairs(model)
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for value in sorted(factors):
        if value not in pairs:
            message = f"the plan equalises {value}, which is not a convolution before a normalisation here"
            raise PlanError(message, hint="the plan belongs to another graph: make a new one")
        _scale(model, pairs[value], np.array(factors[value], dtype=np.float64), constants)
    _drop_unused(model)
    return graph_from_proto(model, stage=graph.stage)


def _factors(largest: Array) -> tuple[float, ...]:
    top = float(largest.max())
    safe = np.where(largest > 0.0, largest, top or 1.0)
    factors = np.clip((top or 1.0) / safe, 1.0, LARGEST_FACTOR)
    return tuple(float(np.float32(factor)) for factor in factors)


def _pairs(model: onnx.ModelProto) -> dict[str, Pair]:
    """Convolutions with constant weights whose output only a spatial normalisation reads."""
    constants = {tensor.name for tensor in model.graph.initializer}
    outputs = {value.name for value in model.graph.output}
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    found = {}
    for node in model.graph.node:
        value = node.output[0]
        reader = readers.get(value, [])
        if not _is_convolution(node, constants) or value in outputs or len(reader) != 1:
            continue
        if _is_spatial_norm(reader[0], constants) and reader[0].input[0] == value:
            found[value] = Pair(convolution=node, norm=reader[0])
    return found


def _is_convolution(node: onnx.NodeProto, constants: set[str]) -> bool:
    if node.domain or node.op_type not in ("Conv", "ConvTranspose"):
        return False
    grouped = node.op_type == "ConvTranspose" and any(a.name == "group" and a.i != 1 for a in node.attribute)
    return not grouped and all(name in constants for name in node.input[1:] if name)


def _is_spatial_norm(node: onnx.NodeProto, constants: set[str]) -> bool:
    if node.domain != "mobilekit" or node.op_type != "Normalize":
        return False
    axes = [axis for attribute in node.attribute if attribute.name == "axes" for axis in attribute.ints]
    if any(attribute.name == "outside" for attribute in node.attribute):
        return False  # what is added to the root has no factor per channel
    return _CHANNEL not in axes and node.input[3] in constants


def _scale(
    model: onnx.ModelProto, pair: Pair, factors: Array, constants: Mapping[str, onnx.TensorProto]
) -> None:
    import onnx

    value = pair.convolution.output[0]
    axis = 1 if pair.convolution.op_type == "ConvTranspose" else 0
    weights = onnx.numpy_helper.to_array(constants[pair.convolution.input[1]])
    if factors.shape != (weights.shape[axis],) or not (np.isfinite(factors) & (factors > 0)).all():
        message = (
            f"the plan's {factors.size} factors of {value} do not fit its {weights.shape[axis]} channels"
        )
        raise PlanError(message, hint="the plan is damaged or belongs to another graph: make a new one")
    shaped = factors.reshape([-1 if i == axis else 1 for i in range(weights.ndim)])
    _replace(model, pair.convolution, 1, weights * shaped, value)
    if len(pair.convolution.input) > 2 and pair.convolution.input[2]:
        bias = onnx.numpy_helper.to_array(constants[pair.convolution.input[2]])
        _replace(model, pair.convolution, 2, bias * factors, value)
    epsilon = onnx.numpy_helper.to_array(constants[pair.norm.input[3]])
    channels = factors.reshape([1, -1] + [1] * (weights.ndim - 2))
    _replace(model, pair.norm, 3, epsilon * channels**2, value)


def _replace(model: onnx.ModelProto, node: onnx.NodeProto, slot: int, array: Array, value: str) -> None:
    """Give ``node`` a constant of its own (others may share the one it had), in the same type."""
    import onnx

    old = next(tensor for tensor in model.graph.initializer if tensor.name == node.input[slot])
    dtype = onnx.helper.tensor_dtype_to_np_dtype(old.data_type)
    name = f"{node.input[slot]}/equalised/{value}"
    model.graph.initializer.append(onnx.numpy_helper.from_array(array.astype(dtype), name))
    node.input[slot] = name


def _drop_unused(model: onnx.ModelProto) -> None:
    used = {name for node in model.graph.node for name in node.input}
    used |= {value.name for value in model.graph.output}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
