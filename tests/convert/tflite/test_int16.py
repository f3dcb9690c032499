"""Operators with int16 activations, each executed by LiteRT against float, and what has no such kernel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mobilekit.convert.tflite import emit
from mobilekit.convert.tflite.api import draft
from mobilekit.convert.tflite.quantisable import operators
from mobilekit.convert.tflite.versions import version_of
from mobilekit.errors import PlanError
from mobilekit.plan.int16 import Int16Planner, plan_w8a16
from mobilekit.quantisation import OperatorPlan, QuantisationPlan, Scale
from mobilekit.runtimes.litert import open_tflite
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import Graph
from tests.convert.tflite.conftest import make_graph

HEADER = '<ir_version: 10, opset_import: ["": 21]>'
Feed = dict[str, np.ndarray]
RNG = np.random.default_rng(11)
MAP = "float[1, 8, 6, 6] x"
MAPS = f"{MAP}, float[1, 8, 6, 6] z"
VECTOR = f"{MAP}, float[1, 8, 1, 1] z"
DEEP = "float[2, 3, 4, 5, 6] x, float[2, 1, 4, 1, 6] z"


def whole(*shape: int) -> np.ndarray:
    """Weights that int8 holds exactly: multiples of 1/512, whose largest is 127 of them in every channel."""
    array = np.random.default_rng([*shape]).integers(-126, 127, shape)
    array[:, 0], array[..., 0] = 127, 127
    return (array / 512.0).astype(np.float32)


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    """Normal numbers, in float32."""
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(np.float32)


def ints(*values: int) -> np.ndarray:
    """An operand such as axes."""
    return np.array(values, np.int64)


# Inputs, node, constants, and the most steps that the result may be off.
CASES: dict[str, tuple[str, str, dict[str, np.ndarray], float]] = {
    "conv": (MAP, "Conv<pads = [1,1,1,1]>(x, w, b)", {"w": whole(4, 8, 3, 3), "b": noise(4)}, 2.0),
    "conv without bias": (MAP, "Conv<strides = [2,2]>(x, w)", {"w": whole(4, 8, 3, 3)}, 1.5),
    "grouped conv": (MAP, "Conv<group = 2>(x, w, b)", {"w": whole(4, 4, 3, 3), "b": noise(4)}, 2.0),
    "depthwise": (MAP, "Conv<group = 8>(x, w, b)", {"w": whole(8, 1, 3, 3), "b": noise(8)}, 2.0),
    "twofold depthwise": (MAP, "Conv<group = 8>(x, w)", {"w": whole(16, 1, 3, 3)}, 2.0),
    "dilated": (MAP, "Conv<dilations = [2,2]>(x, w, b)", {"w": whole(4, 8, 3, 3), "b": noise(4)}, 2.0),
    "transposed": (
        MAP,
        "ConvTranspose<strides = [2,2]>(x, w, b)",
        {"w": whole(8, 4, 2, 2), "b": noise(4)},
        1.5,
    ),
    "gemm": ("float[3, 8] x", "Gemm<transB = 1>(x, w, b)", {"w": whole(5, 8), "b": noise(5)}, 1.5),
    "rows by weights": ("float[1, 3, 8] x", "MatMul(x, w)", {"w": whole(5, 8).T}, 1.5),
    "two matrices": ("float[2, 6, 8] x, float[2, 8, 5] z", "MatMul(x, z)", {}, 2.0),
    "add": (MAPS, "Add(x, z)", {}, 1.5),
    "add a vector": (VECTOR, "Add(x, z)", {}, 1.5),
    "add a constant": (MAP, "Add(x, c)", {"c": noise(8, 1, 1)}, 1.5),
    "sub": (MAPS, "Sub(x, z)", {}, 1.5),
    "sub of rank 5": (DEEP, "Sub(x, z)", {}, 1.5),
    "mul": (MAPS, "Mul(x, z)", {}, 1.5),
    "mul by a constant": (MAP, "Mul(x, c)", {"c": noise(8, 1, 1)}, 1.5),
    "div by a constant": (MAP, "Div(x, c)", {"c": 1.0 + np.abs(noise(8, 1, 1))}, 2.0),
    "max": (MAPS, "Max(x, z)", {}, 1.0),
    "min with a constant": (MAP, "Min(x, c)", {"c": noise(8, 1, 1)}, 1.0),
    "relu": (MAP, "Relu(x)", {}, 1.5),
    "relu6": (MAP, "Clip(x, low, six)", {"low": np.array(0.0), "six": np.array(6.0)}, 1.5),
    "clip": (MAP, "Clip(x, low, high)", {"low": np.array(-0.3), "high": np.array(0.7)}, 1.0),
    "leaky relu": (MAP, "LeakyRelu<alpha = 0.1>(x)", {}, 1.5),
    "steep prelu": (MAP, "PRelu(x, s)", {"s": RNG.uniform(-2, 2, (8, 1, 1))}, 3.0),
    "prelu": (MAP, "PRelu(x, s)", {"s": RNG.uniform(-1, 1, (8, 1, 1))}, 2.0),
    "hard swish": (MAP, "HardSwish(x)", {}, 3.0),
    "sigmoid": (MAP, "Sigmoid(x)", {}, 2.5),
    "tanh": (MAP, "Tanh(x)", {}, 6.0),
    "softmax": ("float[1, 6, 8] x", "Softmax<axis = -1>(x)", {}, 2.5),
    "abs": (MAP, "Abs(x)", {}, 1.0),
    "neg": (MAP, "Neg(x)", {}, 1.0),
    "mean over the map": (MAP, "ReduceMean<keepdims = 1>(x, a)", {"a": ints(2, 3)}, 3.0),
    "mean over channels": (MAP, "ReduceMean<keepdims = 1>(x, a)", {"a": ints(1)}, 3.0),
    "sum": (MAP, "ReduceSum<keepdims = 1>(x, a)", {"a": ints(2, 3)}, 3.0),
    "highest": (MAP, "ReduceMax<keepdims = 1>(x, a)", {"a": ints(2, 3)}, 1.0),
    "lowest": (MAP, "ReduceMin<keepdims = 0>(x, a)", {"a": ints(2, 3)}, 1.0),
    "concat": (MAPS, "Concat<axis = 1>(x, z)", {}, 1.0),
    "slice": (MAP, "Slice(x, s, e, a, t)", {"s": ints(1), "e": ints(5), "a": ints(2), "t": ints(1)}, 1.0),
    "every other": (
        MAP,
        "Slice(x, s, e, a, t)",
        {"s": ints(0), "e": ints(6), "a": ints(2), "t": ints(2)},
        1.0,
    ),
    "backwards": (
        MAP,
        "Slice(x, s, e, a, t)",
        {"s": ints(5), "e": ints(-9), "a": ints(2), "t": ints(-1)},
        1.0,
    ),
    "pad": (MAP, "Pad(x, p)", {"p": ints(0, 0, 1, 1, 0, 0, 1, 1)}, 1.0),
    "pad with a number": (MAP, "Pad(x, p, v)", {"p": ints(0, 0, 1, 1, 0, 0, 1, 1), "v": np.array(0.5)}, 1.0),
    "tile": (MAP, "Tile(x, r)", {"r": ints(1, 1, 2, 1)}, 1.0),
    "expand": ("float[1, 8, 1, 1] x", "Expand(x, r)", {"r": ints(1, 8, 3, 3)}, 1.0),
    "reshape": (MAP, "Reshape(x, r)", {"r": ints(1, 8, 36)}, 1.0),
    "transpose": (MAP, "Transpose<perm = [0,3,1,2]>(x)", {}, 1.0),
    "gather": (MAP, "Gather<axis = 2>(x, r)", {"r": ints(0, 3, 3)}, 1.0),
    "linear": (MAP, 'Resize<mode = "linear">(x, , , r)', {"r": ints(1, 8, 12, 12)}, 1.5),
    "nearest": (
        MAP,
        'Resize<mode = "nearest", coordinate_transformation_mode = "asymmetric", nearest_mode = "floor">(x, , , r)',
        {"r": ints(1, 8, 12, 12)},
        1.0,
    ),
    "depth to space": (MAP, "DepthToSpace<blocksize = 2>(x)", {}, 1.0),
    "space to depth": (MAP, "SpaceToDepth<blocksize = 2>(x)", {}, 1.0),
    "max pool": (MAP, "MaxPool<kernel_shape = [2,2], strides = [2,2]>(x)", {}, 1.0),
}


def graph_of(inputs: str, node: str, constants: dict[str, np.ndarray]) -> Graph:
    """One operator that computes ``y``."""
    return made(f"g ({inputs}) => (float[] y) {{ y = {node} }}", constants)


def made(text: str, constants: dict[str, np.ndarray]) -> Graph:
    """A legal graph; numbers among the constants are float32."""
    singles = {n: a.astype(np.float32) if a.dtype.kind == "f" else a for n, a in constants.items()}
    return make_graph(f"{HEADER} {text}", singles)


def feed_of(graph: Graph) -> Feed:
    """Normal numbers for every input."""
    return {spec.name: noise(*spec.shape, seed=place) for place, spec in enumerate(graph.inputs, 1)}


def at_int16(graph: Graph, feed: Feed) -> QuantisationPlan:
    """The plan with every operator at int16."""
    plan = QuantisationPlan(graph_digest=graph.digest, values={}, operators={})
    names = {o.name: "test" for o in operators(graph)}
    return Int16Planner(graph, [feed]).raised(plan, names)


def executed(content: bytes, feed: Feed, folder: Path) -> np.ndarray:
    """The file's ``y``."""
    path = folder / "net.tflite"
    path.write_bytes(content)
    with open_tflite(path) as session:
        return session.run(feed)["y"]


def written(graph: Graph, plan: QuantisationPlan, precision: str = "w8a16") -> list[tuple[str, str]]:
    """Operators and the type of their results, in order."""
    builder = draft(graph, precision=precision, plan=plan)
    return [(o.kind, builder.tensors[o.outputs[0]].dtype.name) for o in builder.operators]


@pytest.mark.parametrize("name", CASES)
def test_int16_operators_agree_with_float(name: str, tmp_path: Path) -> None:
    """Within a step or two of the result's scale, however the operator is written."""
    inputs, node, constants, steps = CASES[name]
    graph = graph_of(inputs, node, constants)
    feed = feed_of(graph)
    plan = at_int16(graph, feed)
    assert plan.precision_of("y") == "int16"
    got = executed(emit(graph, precision="w8a16", plan=plan), feed, tmp_path)
    with open_graph(graph) as session:
        error = np.abs(got.astype(np.float64) - session.run(feed)["y"])
    assert error.max() <= steps * plan.values_int16["y"].scale
    kinds = written(graph, plan)
    assert {kind for kind, dtype in kinds if dtype == "float32"} == {"DEQUANTIZE"}


@pytest.mark.parametrize(
    ("inputs", "node", "constants"),
    [
        (MAPS, "PRelu(x, z)", {}),
        (MAP, "AveragePool<kernel_shape = [3,3]>(x)", {}),
        (MAP, "Elu(x)", {}),
        (MAP, "Sin(x)", {}),
        ("float[1, 6, 8] x", "LogSoftmax<axis = -1>(x)", {}),
    ],
)
def test_operators_without_an_int16_kernel_stay_float(
    inputs: str, node: str, constants: dict[str, np.ndarray], tmp_path: Path
) -> None:
    """LiteRT refuses them, or NPUs do: the planner says why, and the file is right."""
    graph = graph_of(inputs, node, constants)
    feed = feed_of(graph)
    planner = Int16Planner(graph, [feed])
    assert "int16" in planner.refusal("y")
    plan = at_int16(graph, feed)
    assert plan.precision_of("y") == "float"
    with open_graph(graph) as session:
        expected = session.run(feed)["y"]
    got = executed(emit(graph, precision="w8a16", plan=plan), feed, tmp_path)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


NET = """g (float[1, 3, 16, 16] x) => (float[1, 4, 16, 16] y) {
    a = Conv<pads = [1,1,1,1]>(x, w)
    r = Relu(a)
    b = Conv<pads = [1,1,1,1]>(r, v, o)
    s = Sigmoid(b)
    m = Mul(b, s)
    j = Concat<axis = 1>(m, a)
    y = Conv(j, u)
}"""
WEIGHTS = {"w": whole(4, 3, 3, 3), "v": whole(4, 4, 3, 3), "o": noise(4), "u": whole(4, 8, 1, 1)}


@pytest.fixture(name="net", scope="module")
def _net() -> tuple[Graph, Feed]:
    return made(NET, WEIGHTS), {"x": noise(1, 3, 16, 16)}


def test_a_network_within_thousandths(net: tuple[Graph, Feed], tmp_path: Path) -> None:
    """Operators in a row, with a fused activation and values tied by a Concat; 90 dB."""
    graph, feed = net
    plan = plan_w8a16(graph, [feed])
    got = executed(emit(graph, precision="w8a16", plan=plan), feed, tmp_path)
    with open_graph(graph) as session:
        expected = session.run(feed)["y"]
    assert np.sqrt(np.mean((got - expected) ** 2)) < np.ptp(expected) * 10 ** (-90 / 20)
    assert [kind for kind, _ in written(graph, plan)].count("QUANTIZE") == 1


def test_bytes_are_the_same_again(net: tuple[Graph, Feed]) -> None:
    """Planned twice, and from the plan's own JSON."""
    graph, feed = net
    first = plan_w8a16(graph, [feed])
    again = QuantisationPlan.from_json(plan_w8a16(graph, [feed]).to_json())
    assert again == first
    assert emit(graph, precision="w8a16", plan=first) == emit(graph, precision="w8a16", plan=again)


def test_weights_are_int8_and_biases_int64(net: tuple[Graph, Feed]) -> None:
    """As the 16x8 scheme of the specification has it: zero points of 0, scales of input times weight."""
    graph, feed = net
    builder = draft(graph, precision="w8a16", plan=plan_w8a16(graph, [feed]))
    convolutions = [o for o in builder.operators if o.kind == "CONV_2D"]
    assert len(convolutions) == 3
    for operator in convolutions:
        data, weights, bias = (builder.tensors[i] for i in operator.inputs)
        assert [t.dtype.name for t in (data, weights, bias)] == ["int16", "int8", "int64"]
        assert data.quantisation is not None
        assert weights.quantisation is not None
        assert bias.quantisation is not None
        assert {*data.quantisation.zero_points, *weights.quantisation.zero_points} == {0}
        np.testing.assert_allclose(
            bias.quantisation.scales,
            np.float32(data.quantisation.scales[0]) * np.array(weights.quantisation.scales),
            rtol=1e-6,
        )


def test_int16_operators_among_int8_ones(net: tuple[Graph, Feed], tmp_path: Path) -> None:
    """QUANTIZE leads from int8 to int16 and back; values keep both scales; the result improves."""
    from mobilekit.plan.api import plan_int8

    graph, feed = net
    base = plan_int8(graph, [feed], method="min-max")
    assert {base.precision_of(n) for n in "abry" if n != "r"} == {"int8"}
    mixed = Int16Planner(graph, [feed], equalisation=base.equalisation, shifts=base.shifts).raised(
        base, dict.fromkeys(("b", "s", "m"), "sensitive")
    )
    assert {n: p.precision for n, p in mixed.operators.items() if p.precision == "int16"}.keys() == {*"bsm"}
    assert mixed.operators["b"].reason == "sensitive"
    assert QuantisationPlan.from_json(mixed.to_json()) == mixed
    kinds = written(graph, mixed, "int8")
    assert ("QUANTIZE", "int16") in kinds
    assert kinds.count(("QUANTIZE", "int8")) == 3  # the input, the Relu, and what comes back
    assert ("DEQUANTIZE", "float32") in kinds
    with open_graph(graph) as session:
        expected = session.run(feed)["y"]
    errors = [
        np.abs(executed(emit(graph, precision="int8", plan=plan), feed, tmp_path) - expected).mean()
        for plan in (base, mixed)
    ]
    assert errors[1] < errors[0]


def test_a_coarser_form_of_a_value_is_not_what_a_finer_one_is_made_of(tmp_path: Path) -> None:
    """A float value that an int8 and an int16 operator read goes to each of them by itself."""
    graph = made(
        "g (float[1, 8, 6, 6] x) => (float[] y, float[] q) { a = Sin(x) y = Conv(a, w) q = Conv(a, w) }",
        {"w": whole(4, 8, 1, 1)},
    )
    feed = feed_of(graph)
    step = Scale(scale=1.0 / 127, zero_point=0)
    plan = QuantisationPlan(
        graph_digest=graph.digest,
        values={"a": step, "y": Scale(scale=0.2, zero_point=0)},
        operators={"y": OperatorPlan(precision="int8")},
    )
    plan = Int16Planner(graph, [feed]).raised(plan, {"q": "test"})
    assert [kind for kind, _ in written(graph, plan, "int8")].count("DEQUANTIZE") == 2
    path = tmp_path / "net.tflite"
    path.write_bytes(emit(graph, precision="int8", plan=plan))
    with open_graph(graph) as session, open_tflite(path) as file:
        expected, got = session.run(feed)["q"], file.run(feed)["q"]
    assert np.abs(got - expected).max() < 2 * plan.values_int16["q"].scale


def test_a_scale_that_the_plan_lacks_is_told(net: tuple[Graph, Feed]) -> None:
    """An int8 scale is none for int16."""
    graph, feed = net
    plan = plan_w8a16(graph, [feed])
    without = replace(plan, values=plan.values_int16, values_int16={})
    with pytest.raises(PlanError, match="no scale for x, which an int16 operator"):
        emit(graph, precision="w8a16", plan=without)
    with pytest.raises(PlanError, match="needs a plan"):
        emit(graph, precision="w8a16")


def test_operator_versions_of_int16(net: tuple[Graph, Feed]) -> None:
    """Those of LiteRT's registry; ADD says that its scales are no powers of two."""
    graph = graph_of(MAPS, "Add(x, z)", {})
    feed = feed_of(graph)
    builder = draft(graph, precision="w8a16", plan=at_int16(graph, feed))
    versions = {o.kind: version_of(o, builder.tensors) for o in builder.operators}
    assert versions == {"QUANTIZE": 2, "ADD": 3, "DEQUANTIZE": 3}
    assert next(o.options["potScaleInt16"] for o in builder.operators if o.kind == "ADD") is False
    graph, feed = net
    builder = draft(graph, precision="w8a16", plan=plan_w8a16(graph, [feed]))
    versions = {o.kind: version_of(o, builder.tensors) for o in builder.operators}
    expected = {"CONV_2D": 1, "RELU": 3, "LOGISTIC": 3, "MUL": 4, "CONCATENATION": 3}
    assert expected.items() <= versions.items()


def test_biases_are_numbers_of_int32(tmp_path: Path) -> None:
    """A channel of tiny weights and a large bias, as folded batch norms leave: NPUs would refuse more bits."""
    weights = whole(4, 8, 1, 1)
    weights[1] = 1e-7
    graph = graph_of(MAP, "Conv(x, w, b)", {"w": weights, "b": np.array([0.1, 3.0, -0.2, 0.0])})
    feed = feed_of(graph)
    plan = at_int16(graph, feed)
    builder = draft(graph, precision="w8a16", plan=plan)
    (operator,) = (o for o in builder.operators if o.kind == "CONV_2D")
    assert 2**29 < np.abs(builder.array_of(operator.inputs[2])).max() < 2**31
    got = executed(emit(graph, precision="w8a16", plan=plan), feed, tmp_path)
    with open_graph(graph) as session:
        assert np.abs(got - session.run(feed)["y"]).max() < 2 * plan.values_int16["y"].scale
