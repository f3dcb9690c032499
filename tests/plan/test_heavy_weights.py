"""An int8 file has no heavy float32 weights, whatever stays float for its results' sake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mobilekit.convert.tflite import emit
from mobilekit.convert.tflite.quantisable import operators_of
from mobilekit.convert.tflite.view import view_of
from mobilekit.plan.api import plan_int8
from mobilekit.plan.assign import NOT_FINITE
from mobilekit.plan.heavy_weights import lighten
from mobilekit.plan.macs import scheme
from mobilekit.plan.small_products import REASON
from mobilekit.quantisation import OperatorPlan, QuantisationPlan
from mobilekit.runtimes.litert import open_tflite
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import Graph

RNG = np.random.default_rng(0)
TEXT = """
g (float[1, 8, 48, 48] x, float[1, {style}] v) => (float[1, 8, 48, 48] y) {{
    a = Conv<pads = [1, 1, 1, 1]>(x, w)
    s = Gemm<transB = 1>(v, k, c)
    r = Reshape(s, shape)
    m = Mul(a, r)
    y = Conv<pads = [1, 1, 1, 1]>(m, u)
}}"""


def net(graph_of: Callable[..., Graph], style: int) -> Graph:
    """A map of 8 channels, multiplied by a product of a vector with weights of 8 times ``style``."""
    constants = {
        "w": RNG.normal(size=(8, 8, 3, 3)),
        "u": RNG.normal(size=(8, 8, 3, 3)),
        "k": RNG.normal(size=(8, style)),
        "c": RNG.normal(size=8),
        "shape": np.array([1, 8, 1, 1]),
    }
    return graph_of(TEXT.format(style=style), constants)


def feed(style: int) -> dict[str, np.ndarray]:
    """A map and a style."""
    return {
        "x": RNG.random((1, 8, 48, 48), dtype=np.float32),
        "v": RNG.normal(size=(1, style)).astype(np.float32),
    }


def test_heavy_weights_are_int8_and_the_result_is_float(
    graph_of: Callable[..., Graph], tmp_path: Path
) -> None:
    """A style of 256 numbers: a fourth of its bytes, the vector right to 2 %, and the scheme is the same."""
    graph, values = net(graph_of, 256), feed(256)
    plan = plan_int8(graph, [values])
    assert plan.operators["s"].precision == "int8-weights"
    assert plan.operators["s"].reason == f"{REASON}; its weights are int8"
    assert QuantisationPlan.from_json(plan.to_json()) == plan
    assert scheme(graph, plan) == "w8a8-static"
    content = emit(graph, precision="int8", plan=plan)
    operators = {**plan.operators, "s": OperatorPlan(precision="float", reason=REASON)}
    heavy = emit(graph, precision="int8", plan=replace(plan, operators=operators))
    assert len(heavy) - len(content) > 0.7 * 4 * 8 * 256
    path = tmp_path / "net.tflite"
    path.write_bytes(content)
    exact = open_graph(graph, taps=("s",)).run(values, taps=("s",))["s"]
    with open_tflite(path) as session:
        got = session.run(values, taps=("s",))["s"]
    assert 0 < np.abs(got - exact).max() < 0.02 * np.abs(exact).max()


@pytest.mark.parametrize(("others", "precision"), [(8, "int8-weights"), (16, "float")])
def test_next_to_no_weights_stay_float(graph_of: Callable[..., Graph], others: int, precision: str) -> None:
    """8 of 1,160 numbers are 0.7 %; below 0.5 % nothing is gained, and nothing is rounded."""
    view = view_of(net(graph_of, 1))
    view = replace(view, constants={**view.constants, "u": np.ones((others, 8, 3, 3), np.float32)})
    operators = operators_of(view)
    plans = {o.name: OperatorPlan(precision="int8") for o in operators}
    plans["s"] = OperatorPlan(precision="float", reason=REASON)
    assert lighten(view, operators, plans)["s"].precision == precision


def test_infinite_values_keep_their_weights(graph_of: Callable[..., Graph]) -> None:
    """No step fits an infinite operand: float32 all through."""
    view = view_of(net(graph_of, 256))
    operators = operators_of(view)
    plans = {o.name: OperatorPlan(precision="int8") for o in operators}
    plans["s"] = OperatorPlan(precision="float", reason=NOT_FINITE)
    assert lighten(view, operators, plans) == plans


def test_int8_operators_stay_as_they_are(graph_of: Callable[..., Graph]) -> None:
    """Only what is float is looked at."""
    view = view_of(net(graph_of, 256))
    operators = operators_of(view)
    plans = {o.name: OperatorPlan(precision="int8") for o in operators}
    assert lighten(view, operators, plans) == plans
