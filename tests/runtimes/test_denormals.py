"""The reference takes weights below float32's normal range as zero, and nothing else."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from mobilekit.runtimes.denormals import flushed, without_denormals
from mobilekit.runtimes.ort import open_graph
from mobilekit.runtimes.reference import open_reference
from mobilekit.source.graph import graph_from_proto

TINY = np.float32(1e-40)


def graph_of(body: str, *, outputs: str = "float[2] y"):
    model = onnx.parser.parse_model(
        f'<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => ({outputs}) {body}'
    )
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([TINY, 3], np.float32), "w"))
    return graph_from_proto(model, stage="source")


def weights(graph) -> np.ndarray:
    return onnx.numpy_helper.to_array(graph.proto().graph.initializer[0])


def test_only_what_is_below_the_normal_range_is_flushed():
    normal = np.finfo(np.float32).smallest_normal
    np.testing.assert_array_equal(
        flushed(np.array([TINY, -TINY, normal, 0, 1], np.float32)), [0, 0, normal, 0, 1]
    )
    assert flushed(np.array([normal, 0, 1], np.float32)) is None
    assert flushed(np.array([1e-310])) is None


def test_weights_of_products_are_flushed():
    np.testing.assert_array_equal(weights(without_denormals(graph_of("{ y = Mul(x, w) }"))), [0, 3])


@pytest.mark.parametrize(
    ("body", "outputs"),
    [
        ("{ y = Add(x, w) }", "float[2] y"),
        ("{ y = Div(x, w) }", "float[2] y"),
        ("{ a = Mul(x, w) y = Div(a, w) }", "float[2] y"),
        ("{ y = Mul(x, w) }", "float[2] y, float[2] w"),
        ("{ y = Identity(x) }", "float[2] y"),
    ],
)
def test_what_others_read_stays(body, outputs):
    graph = graph_of(body, outputs=outputs)
    kept = without_denormals(graph)
    assert (kept is graph) == ("Identity" not in body)
    assert weights(kept)[0] == (TINY if "Identity" not in body else 0)


def test_weights_that_a_subgraph_reads_stay():
    body = """{ c = Constant<value = bool {1}>()
        y = If (c) <then_branch = a () => (float[2] p) { p = Div(x, w) },
                    else_branch = b () => (float[2] q) { q = Mul(x, w) }> }"""
    graph = graph_of(body)
    assert without_denormals(graph) is graph


def test_a_reference_as_written_keeps_them():
    """The pass that flushes them in the model is judged by a reference that does not."""
    graph, feed = graph_of("{ y = Mul(x, w) }"), {"x": np.array([1e30, 1], np.float32)}
    with (
        open_reference(graph, as_written=True) as exact,
        open_reference(graph) as fast,
        open_graph(graph) as plain,
    ):
        np.testing.assert_array_equal(exact.run(feed)["y"], plain.run(feed)["y"])
        assert exact.run(feed)["y"][0] > 0
        assert fast.run(feed)["y"][0] == 0
