"""Graphs of one node or of a few lines of text, legalised and compared with the original in ONNX Runtime."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
from hypothesis import settings

from mobilekit.convert.tflite import emit
from mobilekit.legalise.legality import check_legal
from mobilekit.legalise.pipeline import legalise
from mobilekit.runtimes.litert import open_tflite
from mobilekit.runtimes.ort import open_graph
from mobilekit.runtimes.reference import open_reference
from mobilekit.source.graph import Graph, graph_from_proto

few = settings(derandomize=True, max_examples=25, deadline=None, database=None)
more = settings(derandomize=True, max_examples=60, deadline=None, database=None)


def noise(*shape, seed=0, dtype=np.float32):
    """Seeded numbers of standard deviation 1."""
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def freeze(model) -> Graph:
    """A ModelProto as a normalised graph: shapes inferred, those of the outputs too."""
    names = [value.name for value in model.graph.output]
    del model.graph.output[:]
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    return graph_from_proto(model, stage="normalised")


def text_graph(text: str, constants=None, opset=21) -> Graph:
    """A graph written as ONNX text, ``constants`` as its initializers."""
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": {opset}]> {text}')
    for name, value in (constants or {}).items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(value), name))
    return freeze(model)


def node_graph(op, operands, *, runtime=(0,), outputs=("y",), opset=21, **attributes):
    """A graph of one node; operands at the positions ``runtime`` are inputs, the others constants.

    Returns the graph and the feed made of the runtime operands.
    """
    names = ["" if v is None else f"i{n}" for n, v in enumerate(operands)]
    node = onnx.helper.make_node(op, names, list(outputs), **attributes)
    feed = {names[n]: np.asarray(operands[n]) for n in runtime}
    constants = [
        onnx.numpy_helper.from_array(np.asarray(v), names[n])
        for n, v in enumerate(operands)
        if v is not None and n not in runtime
    ]
    inputs = [_info(name, value) for name, value in feed.items()]
    blank = [onnx.helper.make_empty_tensor_value_info(name) for name in outputs if name]
    graph = onnx.helper.make_graph([node], "g", inputs, blank, constants)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=10)
    return freeze(model), feed


def _info(name, value):
    return onnx.helper.make_tensor_value_info(
        name, onnx.helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
    )


def check(graph: Graph, feed, *, rtol=1e-4, atol=2e-5) -> list[str]:
    """Legalise, compare in ONNX Runtime, check the legal form; returns the operators that are left."""
    legal = legalise(graph, samples=[]).graph
    with open_graph(graph, optimise=False) as one, open_graph(legal, optimise=False) as other:
        wanted, got = one.run(feed), other.run(feed)
    for name, value in wanted.items():
        assert got[name].dtype == value.dtype
        if value.dtype.kind == "f":
            np.testing.assert_allclose(got[name], value, rtol=rtol, atol=atol, equal_nan=True)
        else:
            np.testing.assert_array_equal(got[name], value)
    assert check_legal(legal) == ()
    return operators(legal)


def check_node(op, operands, *, runtime=(0,), rtol=1e-4, atol=2e-5, **attributes) -> list[str]:
    """:func:`check` for a graph of one node."""
    graph, feed = node_graph(op, operands, runtime=runtime, **attributes)
    return check(graph, feed, rtol=rtol, atol=atol)


def check_file(graph: Graph, feed, *, tolerance=1e-5) -> list[str]:
    """Legalise, write the file, and compare LiteRT's results: floats to ``tolerance`` of their range.

    What ONNX Runtime has no kernel for is compared with ONNX's own evaluator. Returns the operators left.
    """
    legal = legalise(graph, samples=[]).graph
    assert check_legal(legal) == ()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.tflite"
        path.write_bytes(
            emit(legal, precision="fp32", source_inputs=graph.inputs, source_outputs=graph.outputs)
        )
        with open_reference(graph) as one, open_tflite(path) as other:
            wanted, got = one.run(feed), other.run(feed)
    for name, value in wanted.items():
        assert (got[name].dtype, got[name].shape) == (value.dtype, value.shape)
        if value.dtype.kind == "f":
            spread = float(np.ptp([0.0, *value[np.isfinite(value)].astype(np.float64)])) or 1.0
            np.testing.assert_allclose(got[name], value, rtol=0, atol=tolerance * spread)
        else:
            np.testing.assert_array_equal(got[name], value)
    return operators(legal)


def check_node_file(op, operands, *, runtime=(0,), outputs=("y",), tolerance=1e-5, **attributes) -> list[str]:
    """:func:`check_file` for a graph of one node."""
    graph, feed = node_graph(op, operands, runtime=runtime, outputs=outputs, **attributes)
    return check_file(graph, feed, tolerance=tolerance)


def operators(graph: Graph) -> list[str]:
    """The operators of a graph in order."""
    return [node.op_type for node in graph.proto().graph.node]


def reference(graph: Graph, feed) -> dict[str, np.ndarray]:
    """What ONNX Runtime computes, or ONNX's own evaluator where that has no kernel."""
    with open_reference(graph) as session:
        return session.run(feed)
