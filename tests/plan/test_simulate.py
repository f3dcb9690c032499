"""Any part of a plan as a float graph: all of it is what the int8 file computes."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.convert.tflite import emit
from mobilekit.metrics import psnr
from mobilekit.plan.rewrite import rewritten
from mobilekit.plan.simulate import Source, rounded, simulated, sources_of
from mobilekit.runtimes.litert import open_tflite
from mobilekit.runtimes.ort import open_graph
from tests.plan.outlier import images, outlier_graph, planner_of

SKIP = """
g (float[1, 4, 12, 12] x) => (float[1, 4, 10, 10] y, float[1, 4, 14, 14] p) {
    a = Conv(x, w)
    p = Pad(a, pads, zero)
    s = Sigmoid(a)
    m = Mul(a, s)
    y = Conv(m, u)
}"""


def test_everything_rounded_is_the_int8_file(graph_of, tmp_path) -> None:
    """The simulation of all sources and the file in LiteRT agree far better than either with float."""
    graph = outlier_graph(graph_of, common=0.02)
    planner = planner_of(graph)
    plan, feed = planner.plan(), images()[0]
    path = tmp_path / "int8.tflite"
    path.write_bytes(emit(rewritten(graph, plan), precision="int8", plan=plan))
    sources = sources_of(planner.operators, plan.operators)
    altered = simulated(planner.rewritten, plan, planner.operators, sources=sources)
    with (
        open_graph(graph) as exact,
        open_graph(altered, integers=False) as imitation,
        open_tflite(path) as file,
    ):
        want, near, got = (session.run(feed)["y"] for session in (exact, imitation, file))
    loss, difference = psnr(want, got), psnr(got, near)
    assert loss is not None
    assert difference is None or difference > loss + 6.0


def test_nothing_rounded_is_the_float_graph(graph_of) -> None:
    """Without sources nothing changes."""
    graph = outlier_graph(graph_of)
    planner = planner_of(graph)
    altered = simulated(planner.rewritten, planner.plan(), planner.operators, sources=[])
    with open_graph(graph) as exact, open_graph(altered, integers=False) as same:
        assert np.array_equal(exact.run(images()[0])["y"], same.run(images()[0])["y"])


def test_sources_are_values_once_and_constants(graph_of) -> None:
    """Fused values exist once; an operator that the plan leaves in float rounds nothing."""
    planner = planner_of(outlier_graph(graph_of))
    names = {(s.kind, s.name) for s in sources_of(planner.operators, planner.plan().operators)}
    assert ("value", "ra") in names
    assert ("value", "a") not in names
    assert ("operands", "b") in names
    less = planner.plan(denied={"b": "", "c": ""})
    fewer = {(s.kind, s.name) for s in sources_of(planner.operators, less.operators)}
    assert names - fewer == {("operands", "b"), ("operands", "c"), ("value", "rb")}


def test_a_value_is_exact_for_float_readers_of_a_float_maker(graph_of) -> None:
    """Rounding what a float operator makes changes the int8 readers' copy alone."""
    text = "g (float[1, 3, 16, 16] x) => (float[1, 3, 16, 16] e, float[1, 3, 14, 14] y) { e = Exp(x) y = Conv(e, w) }"
    graph = graph_of(text, {"w": np.random.default_rng(0).normal(size=(3, 3, 3, 3))})
    planner = planner_of(graph)
    altered = simulated(graph, planner.plan(), planner.operators, sources=[Source(kind="value", name="e")])
    with open_graph(graph) as exact, open_graph(altered, integers=False) as rough:
        want, got = exact.run(images()[0]), rough.run(images()[0])
    assert np.array_equal(want["e"], got["e"])
    assert not np.array_equal(want["y"], got["y"])


@pytest.mark.parametrize(("kind", "axis"), [("Conv", 0), ("ConvTranspose", 1), ("Gemm", 0), ("MatMul", 1)])
def test_weights_have_steps_per_output_channel(kind: str, axis: int) -> None:
    """A channel a thousand times smaller than its neighbour keeps its own 127 steps."""
    array = np.random.default_rng(1).normal(size=(2, 2)).astype(np.float32)
    array[(slice(None),) * axis + (0,)] *= 1000.0
    error = np.abs(rounded(array, kind) - array)
    assert (error.max(axis=1 - axis) <= np.abs(array).max(axis=1 - axis) / 253.0).all()
    whole = np.abs(rounded(array, "Add") - array)
    assert whole[(slice(None),) * axis + (1,)].max() > 10.0 * error[(slice(None),) * axis + (1,)].max()
