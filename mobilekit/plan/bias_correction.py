"""What rounding weights adds to their outputs on average, taken from the biases.

::

    E[ŵ·x] - E[w·x] = (ŵ - w)·E[x]

The means of the inputs' channels are observed (Nagel et al. 2019, section 4.2, with data). Inputs behind
a Relu are far from zero on average, so this is most of what 8-bit weights cost where they have few
taps: 4 dB of a face detector's boxes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.tflite.carried import HINT, attributes, channels_of
from mobilekit.convert.tflite.view import view_of
from mobilekit.errors import PlanError
from mobilekit.plan.equalise import shiftable
from mobilekit.plan.even_weights import even_rounded
from mobilekit.plan.weight_noise import matrix_of
from mobilekit.source.graph import Graph, graph_from_proto

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.tflite.view import GraphView
    from mobilekit.tensors import Array

_LARGEST = 127.0


def correctable(view: GraphView, node: onnx.NodeProto) -> bool:
    """Whether ``node`` has constant weights and a bias, of which its output shows the mean."""
    if node.domain or node.op_type not in ("Conv", "ConvTranspose", "Gemm"):
        return False
    if any(name not in view.constants for name in node.input[1:] if name) or shiftable(view, node):
        return False
    said = attributes(node)
    if node.op_type == "Gemm":
        return said.get("beta", 1.0) == 1.0 and said.get("alpha", 1.0) == 1.0 and not said.get("transA", 0)
    return channels_of(view, node.input[0]) > 0 and (node.op_type == "Conv" or said.get("group", 1) == 1)


def bias_corrections(
    view: GraphView, means: Mapping[str, Array], *, names: Sequence[str]
) -> dict[str, tuple[float, ...]]:
    """What to add to the biases of the operators ``names``, where ``means`` of their inputs are known."""
    found = {}
    for node in view.nodes:
        value = node.output[0]
        if value not in names or node.input[0] not in means or not correctable(view, node):
            continue
        weights = matrix_of(view, node)
        wrong = (_rounded(weights, node.op_type) - weights).sum(axis=2)
        if node.op_type == "ConvTranspose":
            # Each output position meets one tap in stride x stride.
            wrong = wrong / np.prod(attributes(node).get("strides", (1,)))
        added = -(wrong @ means[node.input[0]])
        if added.any():
            found[value] = tuple(float(f"{each:.4g}") for each in added)
    return found


def _rounded(weights: Array, op_type: str) -> Array:
    if op_type == "Conv":
        return even_rounded(weights)
    steps = np.abs(weights).max(axis=(1, 2), keepdims=True) / _LARGEST
    steps = np.where(steps > 0.0, steps, 1.0)
    return np.asarray(np.round(weights / steps) * steps)


def corrected(graph: Graph, corrections: Mapping[str, tuple[float, ...]]) -> Graph:
    """``graph`` with ``corrections`` added to the biases. Raises PlanError where they do not fit."""
    if not corrections:
        return graph
    import onnx

    view = view_of(graph)
    model = graph.proto()
    left = dict(corrections)
    for node in model.graph.node:
        added = left.pop(node.output[0], None)
        if added is None:
            continue
        outputs = channels_of(view, node.output[0])
        if not correctable(view, node) or len(added) != outputs or not np.isfinite(added).all():
            message = f"the plan's {len(added)} bias corrections of {node.output[0]} do not fit it"
            raise PlanError(message, hint=HINT)
        bias = view.constants[node.input[2]] if len(node.input) > 2 and node.input[2] else np.zeros(1)
        array = (np.zeros(outputs) + bias.reshape(-1) + np.array(added)).astype(view.dtypes[node.output[0]])
        name = f"{node.output[0]}/bias/corrected"
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
        del node.input[2:]
        node.input.append(name)
    if left:
        message = f"the plan corrects the bias of {min(left)}, which the graph does not have"
        raise PlanError(message, hint=HINT)
    used = {name for node in model.graph.node for name in node.input} | {o.name for o in model.graph.output}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    return graph_from_proto(model, stage=graph.stage)
