"""Mathematical functions against ONNX Runtime, at their edges too."""

import math

import numpy as np
import pytest

from mobilekit.legalise.pipeline import legalise
from mobilekit.runtimes.ort import open_graph
from tests.convert.tflite.nodes import litert
from tests.legalise.support import check_node, node_graph

X = np.linspace(-4, 4, 81, dtype=np.float32)
_EXACT = {
    "Sinh": np.sinh, "Cosh": np.cosh, "Asinh": np.arcsinh, "Acosh": np.arccosh, "Atanh": np.arctanh,
}  # fmt: skip
UNIT = np.linspace(-0.999, 0.999, 81, dtype=np.float32)


@pytest.mark.parametrize(
    ("op", "x"),
    [
        ("Reciprocal", X + 0.05),
        ("Tan", X),
        ("Sinh", X),
        ("Cosh", X),
        ("Sinh", np.float32([-88.9, 88.9])),
        ("Asinh", X),
        ("Acosh", X + 5.5),
        ("Atanh", UNIT),
        ("Asin", np.float32([-1, -0.3, 0, 0.5, 1])),
        ("Acos", np.float32([-1, -0.3, 0, 0.5, 1])),
        ("Asin", UNIT),
        ("Acos", UNIT),
    ],
)
def test_function(op, x):
    """Within float32 of ONNX Runtime."""
    check_node(op, [x], atol=1e-6)


@pytest.mark.parametrize(
    ("op", "x"),
    [
        ("Sinh", [1e-6, -1e-4, 0.01, -0.99, 1.01, 20, -89.3]),
        ("Cosh", [1e-4, -1, 20, 89.3]),
        ("Asinh", [1e-8, -1e-4, 0.01, 1, -1e4, 1e25, -3e38]),
        ("Acosh", [1, 1.0001, 1.5, 1e4, 1e25, 3e38]),
        ("Atanh", [1e-9, -1e-4, 0.01, 0.9999, -1, 1]),
    ],
)
def test_small_and_huge(op, x):
    """Nothing is lost near zero, nothing overflows before its time: relative to each result, in LiteRT."""
    x = np.float32(x)
    with np.errstate(divide="ignore"):
        exact = _EXACT[op](x.astype(np.float64))
    np.testing.assert_allclose(litert(op, [x]), exact, rtol=2e-5)


@pytest.mark.parametrize(
    ("op", "x"),
    [
        ("Acosh", [0.99, 0.5, 0, -0.5, -1, -1.5, -3, -1e20]), ("Atanh", [1.01, -1.01, 3, -3, 1e20, -1e20]),
        ("Asin", [1.01, -2]), ("Acos", [1.01, -2]),
    ],
)  # fmt: skip
def test_outside_of_the_domain(op, x):
    """Not a number, in LiteRT too."""
    assert np.isnan(litert(op, [np.float32(x)])).all()


def test_erf_is_within_a_millionth():
    """The approximation of Abramowitz and Stegun, evaluated in float32, against math.erf."""
    x = np.linspace(-5, 5, 20001, dtype=np.float32)
    graph, feed = node_graph("Erf", [x])
    with open_graph(legalise(graph, samples=[]).graph) as session:
        got = session.run(feed)["y"]
    exact = np.array([math.erf(v) for v in x.tolist()])
    assert np.abs(got - exact).max() < 1e-6


def test_is_nan():
    """NaN is what differs from itself."""
    check_node("IsNaN", [np.float32([1, np.nan, np.inf])])


@pytest.mark.parametrize(
    ("op", "x"),
    [
        ("Acosh", [0.99, 0.5, 0, -0.5, -1, -1.5, -2.625, -26.25, -1e6, -3e38]),
        ("Atanh", [1.001, -1.001, 2, -2.625, 30, -1e6, 3e38]),
        ("Asin", [1.001, -2, 1e6]),
        ("Acos", [1.001, -2, 1e6]),
    ],
)
def test_outside_their_domain(op, x):
    """No number is made up where there is none, in LiteRT."""
    assert np.isnan(litert(op, [np.float32(x)])).all()


@pytest.mark.parametrize(("negative", "positive"), [(1, 1), (0, 1), (1, 0), (0, 0)])
def test_is_inf(negative, positive):
    """Each sign alone, both, none."""
    x = np.float32([1, np.nan, np.inf, -np.inf])
    check_node("IsInf", [x], detect_negative=negative, detect_positive=positive)


@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.int64])
@pytest.mark.parametrize("runtime", [(0, 1), (0,)])
def test_fmod(dtype, runtime):
    """The sign is the dividend's."""
    x = np.array([-7, -6, -1, 5, 7, 4], dtype)
    y = np.array([3, -3, 2, -3, 4, 9], dtype)
    check_node("Mod", [x, y], runtime=runtime, fmod=1)


def test_integer_mod_stays():
    """The sign is the divisor's: TFLite's FLOOR_MOD."""
    x, y = np.int32([-7, -6, 5]), np.int32([3, -3, -3])
    assert check_node("Mod", [x, y], runtime=(0, 1)) == ["Mod"]


@pytest.mark.parametrize("exponent", [np.int64(2), np.int64([1, 2, 3]), np.float64([0.5, 1, 2])])
def test_pow_of_another_type(exponent):
    """An exponent of another element type."""
    check_node("Pow", [np.float32([1, 4, 9]), exponent])


def test_integer_base_with_fractional_exponent():
    """2 ** 0.5 of an integer is computed in floats and truncated."""
    check_node("Pow", [np.int32([1, 5, 16]), np.float32([0.5])])
    check_node("Pow", [np.int32([1, 5, 16]), np.float32([0.5])], runtime=(0, 1))


def test_cast_like():
    """The element type of another value."""
    assert check_node("CastLike", [np.float32([1.5, -2]), np.int32([0])]) == ["Cast"]
