"""How operands become tensors of a file, int8 constants among them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mobilekit.convert.tflite import emit
from mobilekit.metrics import psnr
from mobilekit.plan.api import plan_int8
from mobilekit.quantisation import OperatorPlan, QuantisationPlan, Scale
from mobilekit.runtimes.litert import open_tflite
from mobilekit.runtimes.ort import open_graph
from tests.plan.conftest import make_graph

RNG = np.random.default_rng(0)
LOWEST = float(np.finfo(np.float32).min)


@pytest.mark.parametrize("value", [LOWEST, -np.inf, 0.25])
def test_pads_beyond_int8_are_clipped(value: float, tmp_path: Path) -> None:
    """The pads of a max-pool have the lowest value that int8 has, without a warning of numpy; others round."""
    text = """g (float[1, 3, 8, 8] x) => (float[1, 4, 4, 4] y) {
        a = Conv<pads = [1, 1, 1, 1]>(x, w)
        p = Pad(a, places, value)
        m = MaxPool<kernel_shape = [3, 3], strides = [2, 2]>(p)
        y = Conv(m, v)
    }"""
    constants = {
        "w": RNG.normal(size=(4, 3, 3, 3)),
        "v": RNG.normal(size=(4, 4, 1, 1)),
        "places": np.array([0, 0, 1, 1, 0, 0, 0, 0]),
        "value": np.array(value, np.float32),
    }
    graph = make_graph(text, constants)
    feed = {"x": RNG.normal(size=(1, 3, 8, 8)).astype(np.float32)}
    plan = plan_int8(graph, [feed], method="min-max")
    assert plan.precision_of("p") == "int8"
    path = tmp_path / "net.tflite"
    path.write_bytes(emit(graph, precision="int8", plan=plan))
    with open_tflite(path) as session:
        got = session.run(feed)["y"]
    quality = psnr(open_graph(graph).run(feed)["y"], got)
    assert quality is not None
    assert quality > 30


def test_the_bounds_of_a_clip_have_its_scale(tmp_path: Path) -> None:
    """MAXIMUM and MINIMUM compare integers: bounds of another scale would clip elsewhere."""
    graph = make_graph(
        "g (float[1, 3, 8, 8] x) => (float[1, 3, 8, 8] y) { y = Clip(x, low, high) }",
        {"low": np.array(-0.3, np.float32), "high": np.array(0.7, np.float32)},
    )
    scale = Scale(scale=4.0 / 255, zero_point=3)
    plan = QuantisationPlan(
        graph_digest=graph.digest,
        values={"x": scale, "y": scale},
        operators={"y": OperatorPlan(precision="int8")},
    )
    path = tmp_path / "net.tflite"
    path.write_bytes(emit(graph, precision="int8", plan=plan))
    x = RNG.uniform(-1.9, 1.9, size=(1, 3, 8, 8)).astype(np.float32)
    with open_tflite(path) as session:
        got = session.run({"x": x})["y"]
    assert np.abs(got - np.clip(x, -0.3, 0.7)).max() <= scale.scale
