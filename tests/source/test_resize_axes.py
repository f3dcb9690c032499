"""Negative axes of a Resize, on which ONNX Runtime ends the process."""

import numpy as np
import onnx

from mobilekit.runtimes.ort import open_graph
from mobilekit.source.load import load
from tests.source.test_load import parse, saved

BORDER = "(float[1,1,4,6] x) => (float[1,1,H,W] y)"


def _axes(graph):
    return [list(a.ints) for n in graph.proto().graph.node for a in n.attribute if a.name == "axes"]


def test_axes_are_counted_from_the_front(tmp_path):
    """The result is that of the same axes written without a sign."""
    results = []
    for axes in ("[-1, -2]", "[3, 2]"):
        body = (
            "s = Constant <value = float[2] {2.0, 1.5}> () "
            f'r = Relu (x) y = Resize <axes = {axes}, mode = "nearest"> (r, , s)'
        )
        graph = load(saved(tmp_path, parse(body, opset=18, border=BORDER)))
        assert _axes(graph) == [[3, 2]]
        with open_graph(graph) as session:
            results.append(session.run({"x": np.arange(24, dtype=np.float32).reshape(1, 1, 4, 6)})["y"])
    assert results[0].shape == (1, 1, 6, 12)
    np.testing.assert_array_equal(*results)


def test_graphs_inside_nodes_too(tmp_path):
    """A branch of an If has nodes of its own."""
    text = """<ir_version: 8, opset_import: ["": 18]>
    g (float[1,1,4,6] x) => (float[1,1,8,6] y) <bool c = {1}, float[1] s = {2.0}> {
      y = If (c) <
        then_branch = a () => (float[1,1,8,6] t) { t = Resize <axes = [-2], mode = "linear"> (x, , s) },
        else_branch = b () => (float[1,1,8,6] e) { e = Concat <axis = 2> (x, x) }
      >
    }"""
    graph = load(saved(tmp_path, onnx.parser.parse_model(text)))
    (node,) = graph.proto().graph.node
    branch = next(a.g for a in node.attribute if a.name == "then_branch")
    assert [list(a.ints) for a in branch.node[0].attribute if a.name == "axes"] == [[2]]


def test_other_axes_stay(tmp_path):
    """Of a Resize and of anything else: nothing is rewritten."""
    border = "(float[1,1,4,6] x) => (float[1,1,8,6] y)"
    body = 's = Constant <value = float[1] {2.0}> () y = Resize <axes = [2], mode = "linear"> (x, , s)'
    assert _axes(load(saved(tmp_path, parse(body, opset=18, border=border)))) == [[2]]
    body = "y = ReduceMax <axes = [-1]> (x)"
    border = "(float[1,1,4,6] x) => (float[1,1,4,1] y)"
    assert _axes(load(saved(tmp_path, parse(body, opset=13, border=border)))) == [[-1]]
