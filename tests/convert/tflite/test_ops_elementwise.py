"""Element by element operators and activations equal ONNX Runtime's, in every layout."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.convert.tflite import emit
from mobilekit.errors import UnsupportedOperatorError

HEAD = '<ir_version: 10, opset_import: ["": 21]> g'


@pytest.mark.parametrize("operator", ["Add", "Sub", "Mul", "Div", "Max", "Min"])
@pytest.mark.parametrize("shape", [(), (1,), (4, 1, 1), (1, 4, 1, 1), (7,), (5, 7), (1, 4, 5, 7)])
def test_arithmetic_with_constants(graph_of, agrees, operator: str, shape: tuple[int, ...]) -> None:
    """A constant of any broadcastable rank is aligned to the channels-last tensor."""
    constant = np.random.default_rng(1).uniform(0.5, 2.0, shape).astype(np.float32)
    agrees(graph_of(f"{HEAD} (float[1,4,5,7] x) => (float y) {{ y = {operator}(x, c) }}", {"c": constant}))


@pytest.mark.parametrize("operator", ["Add", "Sub", "Mul"])
@pytest.mark.parametrize("other", ["1,3,5,7", "1,1,5,7", "1,3,1,1"])
def test_arithmetic_of_two_inputs(graph_of, agrees, operator: str, other: str) -> None:
    """Two images, one of them broadcast."""
    agrees(graph_of(f"{HEAD} (float[1,3,5,7] x, float[{other}] z) => (float y) {{ y = {operator}(x, z) }}"))


@pytest.mark.parametrize("operator", ["Less", "Greater", "LessOrEqual", "GreaterOrEqual", "Equal"])
def test_comparisons(graph_of, agrees, operator: str) -> None:
    """Comparisons give ONNX's booleans."""
    agrees(graph_of(f"{HEAD} (float[1,3,5,7] x, float[1,3,5,7] z) => (bool y) {{ y = {operator}(x, z) }}"))


@pytest.mark.parametrize("operator", ["And", "Or", "Xor"])
def test_logic(graph_of, agrees, operator: str) -> None:
    """Logic on booleans."""
    agrees(graph_of(f"{HEAD} (bool[2,5] x, bool[2,5] z) => (bool y) {{ n = Not(x) y = {operator}(n, z) }}"))


def test_constants_alone_keep_the_rank_of_their_result(graph_of, agrees) -> None:
    """Single numbers are written as [1]; where nothing else has the result's rank, they have it."""
    text = """<ir_version: 10, opset_import: ["": 21]> g (float[1,1,2] x) => (float[1,1,3] y)
        <float[1,1,1] a = {2}, float[1,1,1] b = {3}> { t = Add(a, b) y = Concat<axis = 2>(x, t) }"""
    agrees(graph_of(text))


def test_where(graph_of, agrees) -> None:
    """Where selects by a computed condition, in the image layout."""
    agrees(
        graph_of(
            f"{HEAD} (float[1,3,5,7] x, float[1,3,5,7] z) => (float y) {{ c = Less(x, z) y = Where(c, x, k) }}",
            {"k": np.array([[[2.0]], [[3.0]], [[4.0]]], np.float32)},
        )
    )


@pytest.mark.parametrize(
    "text",
    [
        "y = Relu(x)", "y = LeakyRelu<alpha=0.2>(x)", "y = Sigmoid(x)", "y = Tanh(x)", "y = HardSwish(x)",
        "y = Elu(x)", "y = Gelu(x)", 'y = Gelu<approximate="tanh">(x)', "y = Abs(x)", "y = Neg(x)", "y = Exp(x)",
        "y = Sin(x)", "y = Atan(x)", "y = Cos(x)", "y = Floor(x)", "y = Ceil(x)", "y = Round(x)", "y = Sign(x)",
        "a = Abs(x) y = Sqrt(a)", "a = Exp(x) y = Log(a)", "y = Clip(x, lo, hi)", "y = Clip(x, lo)",
        "y = Clip(x, zero, six)", "y = Clip(x)", "y = Softmax<axis=1>(x)", "y = Softmax(x)", "y = Softmax<axis=2>(x)",
        "y = LogSoftmax<axis=1>(x)", "y = PRelu(x, slope)", "y = Pow(x, two)", "a = Abs(x) y = Pow(a, third)",
    ],
)  # fmt: skip
def test_functions_of_one_tensor(graph_of, agrees, text: str) -> None:
    """Activations and elementary functions, each with its attributes."""
    constants = {
        "lo": np.float32(-0.3), "hi": np.float32(0.4), "zero": np.float32(0), "six": np.float32(6),
        "two": np.float32(2), "third": np.float32(1 / 3), "slope": np.array([0.1, 0.2, 0.3], np.float32).reshape(3, 1, 1),
    }  # fmt: skip
    used = {
        k: np.asarray(v)
        for k, v in constants.items()
        if k in text.replace("(", " ").replace(")", " ").replace(",", " ").split()
    }
    agrees(graph_of(f"{HEAD} (float[1,3,5,7] x) => (float y) {{ {text} }}", used))


def test_elu_with_alpha_is_refused(graph_of) -> None:
    """TFLite's ELU has no alpha: it is not dropped."""
    graph = graph_of(f"{HEAD} (float[1,3,5,7] x) => (float y) {{ y = Elu<alpha=2.0>(x) }}")
    with pytest.raises(UnsupportedOperatorError, match="alpha"):
        emit(graph, precision="fp32")


@pytest.mark.parametrize(
    ("source", "target"), [("float", 6), ("float", 7), ("float", 9), ("int32", 1), ("bool", 1), ("int64", 6)]
)
def test_cast(graph_of, agrees, source: str, target: int) -> None:
    """Casts truncate as ONNX says; a float casts to true unless it is zero."""
    names = {1: "float", 6: "int32", 7: "int64", 9: "bool"}
    agrees(graph_of(f"{HEAD} ({source}[2,5] x) => ({names[target]} y) {{ y = Cast<to={target}>(x) }}"))


@pytest.mark.parametrize(
    ("types", "text"),
    [
        ("int8[2,3] x, int8[2,3] z) => (int8 y", "y = Add(x, z)"),
        ("uint8[2,3] x, uint8[2,3] z) => (uint8 y", "y = Mul(x, z)"),
        ("int64[2,3] x, int64[2,3] z) => (int64 y", "y = Div(x, z)"),
        ("uint16[2,3] x, uint16[2,3] z) => (bool y", "y = Less(x, z)"),
        ("int64[2,3] x) => (int64 y", "y = Abs(x)"),
        ("int8[2,3] x) => (int8 y", "y = Relu(x)"),
        ("uint64[2,3] x) => (int32 y", "y = Cast<to=6>(x)"),
    ],
)
def test_types_that_the_runtime_computes_otherwise_are_refused(graph_of, types: str, text: str) -> None:
    """LiteRT's kernels of these types abort, refuse or rescale: the table leaves them to legalise."""
    with pytest.raises(UnsupportedOperatorError, match="legalised before, not emitted"):
        emit(graph_of(f"{HEAD} ({types}) {{ {text} }}"), precision="fp32")
