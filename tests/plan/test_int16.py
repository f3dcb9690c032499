"""Which operators are int16 ones, why the others are not, and how an int8 plan gets some."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mobilekit.convert.tflite.quantisable import operators
from mobilekit.errors import PlanError
from mobilekit.plan.api import plan_int8
from mobilekit.plan.int16 import ALONE, HEADROOM, PROPORTIONAL, Int16Planner, decide_int16, plan_w8a16
from mobilekit.plan.precision import NORM
from mobilekit.quantisation import INT16_METHOD, QuantisationPlan
from tests.plan.conftest import make_graph

RNG = np.random.default_rng(3)
W = RNG.normal(size=(4, 4, 3, 3))
INPUT = "float[1, 4, 8, 8] x"
FEED = {"x": RNG.normal(size=(1, 4, 8, 8)).astype(np.float32)}
NORMS = {"one": np.ones((1, 4, 1, 1)), "nil": np.zeros((1, 4, 1, 1)), "e": np.full((1, 4, 1, 1), 1e-5)}


def test_norms_and_what_hangs_on_them_alone_stay_float() -> None:
    """A norm between convolutions is float; a Relu between two norms would only be converted to and fro."""
    graph = make_graph(
        f"""g ({INPUT}) => (float[1, 4, 4, 4] y) {{
            a = Conv(x, w)
            n = mobilekit.Normalize<axes = [2, 3]>(a, one, nil, e)
            r = Relu(n)
            k = mobilekit.Normalize<axes = [1]>(r, one, nil, e)
            y = Conv(k, w)
        }}""",
        {"w": W, **NORMS},
    )
    plans = decide_int16(operators(graph))
    assert {n: p.precision for n, p in plans.items()} == {
        "a": "int16",
        "n": "float",
        "k": "float",
        "y": "int16",
    } | ({"r": "float"} if "r" in plans else {})
    assert plans["n"].reason == NORM


def test_without_weights_nothing_is_int16() -> None:
    """Arithmetic alone stays float: int16 has no faster kernels for it."""
    graph = make_graph(f"g ({INPUT}) => (float[1, 4, 8, 8] y) {{ a = Relu(x) y = Add(a, x) }}")
    plan = plan_w8a16(graph, [FEED])
    assert {p.reason for p in plan.operators.values()} == {ALONE}
    assert plan.values_int16 == {}
    assert plan.is_int16  # by its method: it is still no plan of an int8 file


@pytest.mark.parametrize("node", ["Exp(a)", "Sqrt(a)", "Log(a)", "Div(x, p)"])
def test_functions_of_small_numbers_stay_float(node: str) -> None:
    """LiteRT has int16 kernels for them, whose steps are those of the largest value."""
    graph = make_graph(
        f"""g ({INPUT}) => (float[1, 4, 8, 8] y) {{
            p = Conv<pads = [1, 1, 1, 1]>(x, w)
            a = Relu(p)
            f = {node}
            y = Conv<pads = [1, 1, 1, 1]>(f, w)
        }}""",
        {"w": W},
    )
    plans = decide_int16(operators(graph))
    assert plans["f"].precision == "float"
    assert plans["f"].reason == PROPORTIONAL
    assert plans["y"].precision == "int16"


def test_denied_operators_stay_float() -> None:
    """With the reason that was given."""
    graph = make_graph(f"g ({INPUT}) => (float[1, 4, 4, 4] y) {{ a = Conv(x, w) y = Conv(a, w) }}", {"w": W})
    plans = decide_int16(operators(graph), denied={"a": "for a test"})
    assert plans["a"].reason == "for a test"
    assert plans["y"].precision == "int16"


def test_scales_leave_room_and_images_need_none() -> None:
    """A declared range holds for every photo; what was observed may be exceeded by another."""
    graph = make_graph(f"g ({INPUT}) => (float[1, 4, 6, 6] y) {{ y = Conv(x, w) }}", {"w": W})
    largest = float(np.abs(FEED["x"]).max())
    observed = plan_w8a16(graph, [FEED])
    declared = plan_w8a16(graph, [FEED], input_ranges={"x": (-8.0, 4.0)})
    assert observed.values_int16["x"].scale == pytest.approx(HEADROOM * largest / 32767)
    assert declared.values_int16["x"].scale == pytest.approx(8.0 / 32767)
    assert observed.method == INT16_METHOD
    assert {s.zero_point for s in observed.values_int16.values()} == {0}


def test_infinite_values_keep_their_operators_float() -> None:
    """What is NaN or infinite on a photo has no scale; the rest of the network is int16."""
    graph = make_graph(
        f"""g ({INPUT}) => (float[1, 4, 4, 4] y, float[1, 4, 6, 6] b) {{
            a = Conv(x, w)
            i = Mul(a, huge)
            b = Relu(i)
            y = Conv(a, w)
        }}""",
        {"w": W, "huge": np.full(1, 3e38)},
    )
    plan = plan_w8a16(graph, [FEED])
    assert plan.precision_of("i") == "float"
    assert plan.precision_of("y") == "int16"


@pytest.fixture(name="whole")
def _whole() -> tuple[object, QuantisationPlan]:
    graph = make_graph(
        f"g ({INPUT}) => (float[1, 4, 4, 4] y) {{ a = Conv(x, w) r = Elu(a) y = Conv(r, w) }}",
        {"w": W},
    )
    return graph, plan_int8(graph, [FEED])


def test_raising_keeps_the_rest_of_the_plan(whole: tuple) -> None:
    """One operator changes, with its reason; raised again, the first stays raised."""
    graph, plan = whole
    planner = Int16Planner(graph, [FEED], equalisation=plan.equalisation, shifts=plan.shifts)
    first = planner.raised(plan, {"y": "sensitive"})
    assert first.precision_of("y") == "int16"
    assert first.values == plan.values
    assert first.values_int16.keys() == {"r", "y"}
    assert not first.is_int16
    second = planner.raised(first, {"a": "too"})
    assert (second.operators["y"].reason, second.operators["a"].reason) == ("sensitive", "too")


def test_what_has_no_kernel_is_not_raised(whole: tuple) -> None:
    """An Elu stays as it was, and the planner says why."""
    graph, plan = whole
    planner = Int16Planner(graph, [FEED], equalisation=plan.equalisation, shifts=plan.shifts)
    assert planner.raised(plan, {"r": "sensitive"}).operators == plan.operators
    assert planner.refusal("r") == "no int16 kernel for Elu"
    assert planner.refusal("y") == ""


def test_plans_and_operators_of_another_graph_are_refused(whole: tuple) -> None:
    """By name, by digest, by equalisation."""
    graph, plan = whole
    planner = Int16Planner(graph, [FEED], equalisation=plan.equalisation, shifts=plan.shifts)
    with pytest.raises(PlanError, match="no operator of the graph is named zz"):
        planner.raised(plan, {"zz": ""})
    with pytest.raises(PlanError, match="another graph"):
        planner.raised(replace(plan, graph_digest="0"), {"y": ""})
    with pytest.raises(PlanError, match="equalises"):
        planner.raised(replace(plan, equalisation={"a": (1.0, 2.0, 1.0, 1.0)}), {"y": ""})
