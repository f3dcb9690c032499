"""Exact rewrites before quantising: factors and shifts of channels, given to weights and taken back.

::

    x ─ Conv(w, b) ─ Normalize(ε)    becomes    x ─ Conv(s·w, s·(b - m)) ─ Normalize(s²·ε)
    x ─ Conv(w, b) ─ Relu ─ Conv(v)  becomes    x ─ Conv(s·w, s·b) ─ Relu ─ Conv(v/s)

A norm over the spatial axes cancels any positive factor s and any shift m of a channel; operators
like Relu, Concat, Resize or Add hand factors on until weights take them away (after Nagel et al.
2019, section 4.1). Which ones do is said in `convert/tflite/carried.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.tflite.carried import (
    HINT,
    attributes,
    carried,
    channels_of,
    is_spatial_norm,
)
from mobilekit.convert.tflite.view import view_of
from mobilekit.errors import PlanError
from mobilekit.source.graph import Graph, graph_from_proto

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.tflite.view import GraphView
    from mobilekit.tensors import Array

_CONVOLUTIONS = ("Conv", "ConvTranspose")


def equalise(
    graph: Graph,
    factors: Mapping[str, tuple[float, ...]],
    shifts: Mapping[str, tuple[float, ...]] | None = None,
) -> Graph:
    """``graph`` with the channels of the values in ``factors`` multiplied, and equal outputs.

    ``shifts`` are subtracted before from channels of convolutions that only spatial norms read.
    Raises PlanError where factors or shifts do not fit the graph.
    """
    shifts = shifts or {}
    if not factors and not shifts:
        return graph
    view = view_of(graph)
    found = carried(view, factors)
    model = graph.proto()
    edit = _Edit(model=model, view=view, factors=found, shifts=_checked(view, shifts))
    for node in model.graph.node:
        edit.node(node)
    edit.finish()
    return graph_from_proto(model, stage=graph.stage)


def shiftable(view: GraphView, node: onnx.NodeProto) -> bool:
    """Whether any constant per channel can be taken from the output of ``node`` unseen."""
    value = node.output[0]
    if node.domain or node.op_type not in _CONVOLUTIONS or value in view.outputs:
        return False
    if any(name not in view.constants for name in node.input[1:] if name):
        return False
    if node.op_type == "ConvTranspose" and attributes(node).get("group", 1) != 1:
        return False
    readers = [view.nodes[index] for index in view.consumers.get(value, [])]
    return bool(readers) and all(
        is_spatial_norm(view, r) and r.input[0] == value and value not in r.input[1:] for r in readers
    )


def _checked(view: GraphView, shifts: Mapping[str, tuple[float, ...]]) -> dict[str, Array]:
    makers = {node.output[0]: node for node in view.nodes}
    found = {}
    for value in sorted(shifts):
        given = np.array(shifts[value], dtype=np.float64)
        if value not in makers or not shiftable(view, makers[value]):
            message = f"the plan shifts {value}, which is not a convolution before a normalisation here"
            raise PlanError(message, hint=HINT)
        if given.shape != (channels_of(view, value),) or not np.isfinite(given).all():
            message = f"the plan's {given.size} shifts of {value} do not fit its channels"
            raise PlanError(message, hint=HINT)
        found[value] = given
    return found


@dataclass(slots=True, kw_only=True)
class _Edit:
    """Constants of ``model`` being replaced, node by node."""

    model: onnx.ModelProto
    view: GraphView
    factors: Mapping[str, Array]
    shifts: Mapping[str, Array]
    added: list[onnx.TensorProto] = field(default_factory=list)

    def node(self, node: onnx.NodeProto) -> None:
        """Give ``node`` the constants that the factors of its inputs and outputs ask for."""
        value = node.output[0]
        given = self.factors.get(value)
        if node.op_type == "Normalize" and is_spatial_norm(self.view, node):
            self._norm(node, self.factors.get(node.input[0]), given)
        elif node.op_type in (*_CONVOLUTIONS, "Gemm", "MatMul"):
            taken = self.factors.get(node.input[0])
            if given is not None or taken is not None or value in self.shifts:
                self._weights(node, given, taken)
        elif given is not None and node.op_type in ("Add", "Sub", "Max", "Min"):
            for slot, name in enumerate(node.input):
                if name in self.view.constants:
                    array = self.view.constants[name]
                    rank = len(self.view.shapes[value])
                    array = array.reshape((1,) * (rank - array.ndim) + array.shape)
                    self._replace(node, slot, array * _along(given, 1, rank))

    def finish(self) -> None:
        """Add the new constants and drop the old ones that nobody reads any more."""
        graph = self.model.graph
        used = {name for node in graph.node for name in node.input}
        used |= {value.name for value in graph.output}
        kept = [tensor for tensor in (*graph.initializer, *self.added) if tensor.name in used]
        del graph.initializer[:]
        graph.initializer.extend(kept)

    def _norm(self, node: onnx.NodeProto, taken: Array | None, given: Array | None) -> None:
        rank = len(self.view.shapes[node.output[0]])
        if taken is not None:
            epsilon = self.view.constants[node.input[3]]
            self._replace(node, 3, epsilon * _along(taken, 1, rank) ** 2)
        for slot in (1, 2):
            if given is not None and node.input[slot] in self.view.constants:
                self._replace(node, slot, self.view.constants[node.input[slot]] * _along(given, 1, rank))

    def _weights(self, node: onnx.NodeProto, given: Array | None, taken: Array | None) -> None:
        weights = self.view.constants[node.input[1]].astype(np.float64)
        outputs = channels_of(self.view, node.output[0])
        out_axis, in_axis = _axes(node)
        if given is not None:
            weights = weights * _along(given, out_axis, weights.ndim)
        if taken is not None:
            weights = weights / _of_inputs(node, taken, weights.shape, in_axis)
        self._replace(node, 1, weights)
        bias_name = node.input[2] if len(node.input) > 2 else ""
        bias = self.view.constants[bias_name].reshape(-1) if bias_name else np.zeros(outputs)
        shift = self.shifts.get(node.output[0], np.zeros(outputs))
        moved = (bias.astype(np.float64) - shift) * (np.ones(outputs) if given is None else given)
        if bias_name or moved.any():
            self._replace(node, 2, moved)

    def _replace(self, node: onnx.NodeProto, slot: int, array: Array) -> None:
        """Give ``node`` a constant of its own (others may share the one it had), in the same type."""
        import onnx

        while len(node.input) <= slot:
            node.input.append("")
        dtype = self.view.dtypes[node.output[0]]
        name = f"{node.input[slot] or 'bias'}/equalised/{node.output[0]}"
        self.added.append(onnx.numpy_helper.from_array(np.ascontiguousarray(array, dtype=dtype), name))
        node.input[slot] = name


def _axes(node: onnx.NodeProto) -> tuple[int, int]:
    """Where the weights of ``node`` have output and input channels."""
    if node.op_type == "Conv" or (node.op_type == "Gemm" and attributes(node).get("transB", 0)):
        return 0, 1
    return 1, 0


def _of_inputs(node: onnx.NodeProto, taken: Array, shape: tuple[int, ...], axis: int) -> Array:
    """The factors of the input channels, shaped like the weights: by groups in a grouped convolution."""
    groups = attributes(node).get("group", 1) if node.op_type == "Conv" else 1
    if groups == 1:
        return _along(taken, axis, len(shape))
    by_group = taken.reshape(groups, shape[1])
    each = np.repeat(by_group, shape[0] // groups, axis=0)
    return each.reshape(each.shape + (1,) * (len(shape) - 2))


def _along(vector: Array, axis: int, rank: int) -> Array:
    return vector.reshape([-1 if i == axis else 1 for i in range(rank)])
