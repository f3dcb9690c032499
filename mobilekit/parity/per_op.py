"""The first wrong operator: the first that is wrong when fed the reference's own inputs.

Each node of the legalised graph is built and executed alone, so that an error made by one is not
blamed on those after it.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mobilekit.errors import MobilekitError
from mobilekit.metrics import Tolerance, in_last_bits, mismatch, psnr
from mobilekit.runtimes import open_runtime
from mobilekit.runtimes.ort import OrtSession, open_graph
from mobilekit.source.graph import Graph, graph_from_proto

if TYPE_CHECKING:
    import onnx

    from mobilekit.tensors import Array, Feed

Build = Callable[["Graph", Path], Path]
"""Writes a legalised graph in the format that is judged into a folder; the path of what was written."""
_BYTES_PER_RUN = 512 << 20  # values of the reference that are in memory together, per sample


def first_wrong_operator(
    graph: Graph,
    build: Build,
    samples: Sequence[Feed],
    *,
    tolerance: Tolerance,
    maximum_mismatch: float = 0.0,
) -> str | None:
    """Name, type and error of the first node that is wrong alone on one of ``samples``; or None.

    ``build`` writes a one-node graph as a file; where it refuses, that node is the answer.
    Nodes that depend on constants only are not looked at: legalising leaves none.
    """
    model = graph.proto()
    nodes = [node for node in model.graph.node if _runtime_inputs(model, node)]
    taps = sorted({v for node in nodes for v in (*_runtime_inputs(model, node), *node.output) if v})
    with open_graph(graph, taps=taps, optimise=False) as session:
        for chunk in _chunks(model, nodes):
            recorded = [_record(session, model, chunk, feed) for feed in samples]
            for node in chunk:
                fault = _fault(model, node, build, recorded, tolerance, maximum_mismatch)
                if fault:
                    return f"{node.op_type} {node.name or node.output[0]!r} ({fault})"
    return None


def one_node_graph(model: onnx.ModelProto, node: onnx.NodeProto, values: Feed) -> Graph:
    """``node`` alone: its constants stay initializers, ``values`` give the other tensors' types."""
    import onnx

    constants = [t for t in model.graph.initializer if t.name in node.input]
    single = onnx.ModelProto()
    single.CopyFrom(model)
    single.graph.Clear()
    single.graph.name = node.name or node.output[0]
    single.graph.node.append(node)
    single.graph.initializer.extend(constants)
    single.graph.input.extend(_value_info(name, values[name]) for name in _runtime_inputs(model, node))
    single.graph.output.extend(_value_info(name, values[name]) for name in node.output if name)
    return graph_from_proto(single, stage="legalised")


def _runtime_inputs(model: onnx.ModelProto, node: onnx.NodeProto) -> list[str]:
    constants = {tensor.name for tensor in model.graph.initializer}
    return [name for name in dict.fromkeys(node.input) if name and name not in constants]


def _value_info(name: str, value: Array) -> onnx.ValueInfoProto:
    import onnx

    element = onnx.helper.np_dtype_to_tensor_dtype(value.dtype)
    return onnx.helper.make_tensor_value_info(name, element, value.shape)


def _chunks(model: onnx.ModelProto, nodes: Sequence[onnx.NodeProto]) -> Iterator[list[onnx.NodeProto]]:
    """``nodes`` in order, cut so that what they read and write fits in memory."""
    sizes = _sizes_in_bytes(model)
    chunk: list[onnx.NodeProto] = []
    held = 0
    for node in nodes:
        size = sum(sizes.get(name, 0) for name in (*_runtime_inputs(model, node), *node.output))
        if chunk and held + size > _BYTES_PER_RUN:
            yield chunk
            chunk, held = [], 0
        chunk.append(node)
        held += size
    if chunk:
        yield chunk


def _sizes_in_bytes(model: onnx.ModelProto) -> dict[str, int]:
    """Of every value whose shape the graph tells; all of them, in a legalised graph."""
    import onnx

    graph = model.graph
    return {
        value.name: math.prod(d.dim_value for d in value.type.tensor_type.shape.dim)
        * onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type).itemsize
        for value in (*graph.input, *graph.value_info, *graph.output)
    }


def _record(
    session: OrtSession, model: onnx.ModelProto, nodes: Sequence[onnx.NodeProto], feed: Feed
) -> dict[str, Array]:
    wanted = {v for node in nodes for v in (*_runtime_inputs(model, node), *node.output) if v}
    return session.run(feed, taps=sorted(wanted))


def _fault(
    model: onnx.ModelProto,
    node: onnx.NodeProto,
    build: Build,
    recorded: Sequence[Feed],
    tolerance: Tolerance,
    maximum_mismatch: float,
) -> str:
    """What is wrong with ``node`` alone; empty if nothing is."""
    try:
        for expected, got in _pairs(model, node, build, recorded):
            if expected.shape != got.shape:
                return f"shape {list(got.shape)}, expected {list(expected.shape)}"
            if expected.dtype.kind != "f":
                share = mismatch(expected, got)
                if share > maximum_mismatch:
                    return f"{share:.4%} of its elements differ"
                continue
            value = psnr(expected, got)
            near = value is None or value >= tolerance.psnr
            if not near and not in_last_bits(expected, got, rounding=tolerance.rounding):
                return f"{value:.1f} dB"
    except MobilekitError as error:
        return error.message
    return ""


def _pairs(
    model: onnx.ModelProto,
    node: onnx.NodeProto,
    build: Build,
    recorded: Sequence[Feed],
) -> Iterator[tuple[Array, Array]]:
    """(expected, got) for every output and sample of ``node`` run alone."""
    single = one_node_graph(model, node, recorded[0])
    with (
        tempfile.TemporaryDirectory(prefix="mobilekit-") as folder,
        open_runtime(build(single, Path(folder))) as session,
    ):
        for values in recorded:
            outputs = session.run({spec.name: values[spec.name] for spec in single.inputs})
            yield from ((values[name], outputs[name]) for name in outputs)
