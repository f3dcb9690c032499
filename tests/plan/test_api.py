"""The plan of a graph: complete for the writer, with ties resolved, and the same every time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mobilekit.convert.tflite import emit
from mobilekit.convert.tflite.quantisable import operators
from mobilekit.errors import InputDataError, UsageError
from mobilekit.plan.api import plan_int8
from mobilekit.plan.assign import NOT_FINITE, TIED_FIXED, TIED_IMAGE, UNEQUAL
from mobilekit.plan.rewrite import rewritten
from mobilekit.quantisation import QuantisationPlan, Scale
from mobilekit.source.graph import Graph

RNG = np.random.default_rng(0)
WEIGHTS = {
    "w": RNG.normal(size=(4, 3, 3, 3)),
    "b": RNG.normal(size=4),
    "v": RNG.normal(size=(4, 8, 1, 1)),
    "u": RNG.normal(size=(4, 4, 1, 1)),
    "q": RNG.normal(size=(2, 7, 1, 1)),
}


def feeds(count: int = 4, scale: float = 1.0) -> list[dict[str, np.ndarray]]:
    """Seeded images in 0…1."""
    return [
        {"x": (np.random.default_rng(seed).random((1, 3, 12, 12)) * scale).astype(np.float32)}
        for seed in range(count)
    ]


SKIP = """
g (float[1, 3, 12, 12] x) => (float[1, 4, 10, 10] y) {
    a = Conv(x, w, b)
    r = Relu(a)
    s = LeakyRelu<alpha = 0.1>(a)
    j = Concat<axis = 1>(r, s)
    d = Conv(j, v)
    y = Sigmoid(d)
}"""


def test_skip_connection(graph_of: Callable[..., Graph]) -> None:
    """Concat's values share a range that holds both branches; the head stays float; all is named."""
    graph = graph_of(SKIP, WEIGHTS)
    plan = plan_int8(graph, feeds(), input_ranges={"x": (0.0, 1.0)})
    assert plan.graph_digest == graph.digest
    assert plan.values["x"] == Scale(scale=float(np.float32(1 / 255)), zero_point=-128)
    assert plan.values["r"] == plan.values["s"] == plan.values["j"]
    assert plan.ranges["j"].minimum < 0 < plan.ranges["j"].maximum
    assert plan.precision_of("d") == "int8"
    assert plan.operators["y"].precision == "float"
    assert plan.operators["y"].reason
    for operator in operators(graph):
        if plan.precision_of(operator.name) == "int8":
            assert {*operator.inputs, *operator.outputs} <= set(plan.values)


def test_same_plan_every_time_and_through_json(graph_of: Callable[..., Graph]) -> None:
    """Two runs give the same bytes, and JSON gives the plan back."""
    graph = graph_of(SKIP, WEIGHTS)
    one, two = (plan_int8(graph, feeds(), input_ranges={"x": (0.0, 1.0)}) for _ in range(2))
    assert one.to_json() == two.to_json()
    assert QuantisationPlan.from_json(one.to_json()) == one


def test_fused_relu_starts_at_zero(graph_of: Callable[..., Graph]) -> None:
    """The convolution's own output does not exist in the file, and is not in the plan."""
    text = """
    g (float[1, 3, 12, 12] x) => (float[1, 4, 10, 10] y) {
        a = Conv(x, w, b)
        r = Relu(a)
        y = Conv(r, u)
    }"""
    plan = plan_int8(graph_of(text, WEIGHTS), feeds())
    assert plan.values["r"].zero_point == -128
    assert "a" not in plan.values
    assert plan.precision_of("a") == "int8"


def test_norm_is_equalised_and_float(graph_of: Callable[..., Graph]) -> None:
    """Before a norm channels are balanced, the norm itself is float; the writer takes both."""
    text = """
    g (float[1, 3, 12, 12] x) => (float[1, 4, 10, 10] y) {
        a = Conv(x, w, b)
        n = mobilekit.Normalize<axes: ints = [2, 3]>(a, one, zero, eps)
        y = Conv(n, u)
    }"""
    sizes = np.array([1, 0.01, 3, 0.2])
    norm = {"one": np.ones((1, 4, 1, 1)), "zero": np.zeros((1, 4, 1, 1)), "eps": np.full((1, 1, 1, 1), 1e-5)}
    constants = {**WEIGHTS, **norm, "w": WEIGHTS["w"] * sizes[:, None, None, None], "b": WEIGHTS["b"] * sizes}
    graph = graph_of(text, constants)
    plan = plan_int8(graph, feeds())
    assert max(plan.equalisation["a"]) > 10
    assert plan.precision_of("n") == "float"
    assert {"a", "n", "y"} <= set(plan.values)
    assert emit(rewritten(graph, plan), precision="int8", plan=plan)[4:8] == b"TFL3"


def test_sigmoid_joined_with_larger_values_is_float(graph_of: Callable[..., Graph]) -> None:
    """Its prescribed scale cannot hold the others; the join is int8 with one range for all."""
    text = """
    g (float[1, 3, 12, 12] x) => (float[1, 4, 10, 10] y) {
        a = Conv(x, w, b)
        s = Sigmoid(a)
        j = Concat<axis = 1>(a, s)
        y = Conv(j, v)
    }"""
    plan = plan_int8(graph_of(text, WEIGHTS), feeds())
    assert plan.operators["s"].reason == TIED_FIXED
    assert plan.precision_of("j") == "int8"
    assert plan.values["a"] == plan.values["s"] == plan.values["j"]
    alone = plan_int8(
        graph_of(text.replace("Concat<axis = 1>(a, s)", "Concat<axis = 1>(s, s)"), WEIGHTS), feeds()
    )
    assert alone.precision_of("s") == alone.precision_of("j") == "int8"
    assert alone.values["j"] == Scale(scale=1 / 256, zero_point=-128)


def test_image_keeps_its_declared_scale(graph_of: Callable[..., Graph]) -> None:
    """Joined with features of another range, the join is float; with its own kind it is int8."""
    text = """
    g (float[1, 3, 12, 12] x) => (float[1, 2, 12, 12] y) {
        z = Pad(x, pads)
        a = Conv(z, w, b)
        j = Concat<axis = 1>(x, a)
        y = Conv(j, q)
    }"""
    constants = {**WEIGHTS, "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1])}
    plan = plan_int8(graph_of(text, constants), feeds(), input_ranges={"x": (0.0, 1.0)})
    image = Scale(scale=float(np.float32(1 / 255)), zero_point=-128)
    assert plan.values["x"] == plan.values["z"] == image
    assert plan.operators["j"].reason == TIED_IMAGE
    assert plan.precision_of("z") == plan.precision_of("y") == "int8"


def test_infinite_values_stay_float(graph_of: Callable[..., Graph]) -> None:
    """A value that is infinite on a sample has no range: what touches it is float and says why."""
    text = """
    g (float[1, 3, 12, 12] x) => (float[1, 4, 12, 12] y) {
        l = Log(x)
        a = Conv(l, k)
        y = Conv(a, u)
    }"""
    graph = graph_of(text, {**WEIGHTS, "k": np.ones((4, 3, 1, 1))})
    dark = feeds()
    dark[1]["x"][0, 0, 0, 0] = 0.0
    plan = plan_int8(graph, dark)
    assert plan.operators["a"].reason == NOT_FINITE
    assert plan_int8(graph, feeds()).precision_of("a") == "int8"


def test_percentile_is_narrower_than_extremes(graph_of: Callable[..., Graph]) -> None:
    """On large maps with outliers; unknown methods and no samples are errors."""
    text = "g (float[1, 8, 100, 100] x) => (float[1, 1, 100, 100] y) { y = Conv(x, k) }"
    graph = graph_of(text, {"k": np.ones((1, 8, 1, 1))})
    feed = {"x": RNG.normal(size=(1, 8, 100, 100)).astype(np.float32)}
    feed["x"][0, 0, 1, 1] = 1000.0
    wide, narrow = (plan_int8(graph, [feed], method=m) for m in ("min-max", "percentile"))
    assert wide.ranges["x"].maximum == 1000.0
    assert narrow.ranges["x"].maximum < 6.0
    assert (wide.method, narrow.method) == ("min-max", "percentile 99.999")
    with pytest.raises(UsageError, match="no range method"):
        plan_int8(graph, [feed], method="average")
    with pytest.raises(InputDataError, match="no samples"):
        plan_int8(graph, [])


def test_borders_have_scales_whatever_computes_them(graph_of: Callable[..., Graph]) -> None:
    """A file with integer borders can be written although its last operator is float, or all are."""
    graph = graph_of(SKIP, WEIGHTS)
    plan = plan_int8(graph, feeds())
    assert plan.precision_of("y") == "float"
    assert plan.ranges["y"].maximum <= 1.0
    emit(rewritten(graph, plan), precision="int8", plan=plan, io="int8")
    bare = graph_of("g (float[1, 3, 12, 12] x) => (float[1, 3, 12, 12] y) { y = Exp(x) }", {})
    plan = plan_int8(bare, feeds())
    assert set(plan.values) == {"x", "y"}
    emit(bare, precision="int8", plan=plan, io="int8")


@pytest.mark.parametrize(("size", "expected"), [(1.2, ""), (4.0, UNEQUAL)])
def test_a_concat_for_float_operators_joins_what_is_of_one_size(
    graph_of: Callable[..., Graph], size: float, expected: str
) -> None:
    """Bytes are joined before one conversion, unless the smaller part would lose steps for it."""
    text = """
    g (float[1, 3, 12, 12] x) => (float[1, 8, 10, 10] y) {
        a = Conv(x, w)
        c = Conv(x, v)
        j = Concat<axis = 1>(a, c)
        y = Exp(j)
    }"""
    plan = plan_int8(graph_of(text, {"w": WEIGHTS["w"], "v": -size * WEIGHTS["w"]}), feeds())
    assert plan.operators["j"].reason == expected
    assert (plan.values["a"] == plan.values["c"]) is (expected == "")
