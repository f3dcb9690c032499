"""Gemm as a fully connected layer, or as MatMul and Add."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from mobilekit.runtimes.ort import open_graph
from tests.convert.tflite.nodes import litert
from tests.legalise.support import check_node, more, node_graph, noise


@given(
    flip_a=st.booleans(),
    flip_b=st.booleans(),
    alpha=st.sampled_from([1.0, 0.5]),
    beta=st.sampled_from([1.0, 2.0]),
    c=st.sampled_from([None, (), (1,), (5,), (1, 5), (3, 1), (3, 5)]),
    runtime=st.sampled_from([(0,), (0, 1), (0, 2), (1,)]),
)
@more
def test_any_gemm(flip_a, flip_b, alpha, beta, c, runtime):
    """Every attribute, every shape of C, constants and runtime operands."""
    a, b = noise(3, 4), noise(4, 5, seed=1)
    operands = [
        a.T.copy() if flip_a else a,
        b.T.copy() if flip_b else b,
        None if c is None else noise(*c, seed=2),
    ]
    present = [n for n in runtime if operands[n] is not None]
    check_node(
        "Gemm", operands, runtime=present, transA=int(flip_a), transB=int(flip_b), alpha=alpha, beta=beta
    )


@pytest.mark.parametrize("attributes", [{"transB": 1}, {"transB": 0}])
def test_constant_weights_are_one_layer(attributes):
    """Transposes, factors and biases fold into the constants."""
    b = noise(5, 4) if attributes["transB"] else noise(4, 5)
    assert check_node("Gemm", [noise(3, 4), b, noise(1, 5)], alpha=2.0, beta=3.0, **attributes) == ["Gemm"]


def test_integers():
    """Gemm of integers is a MatMul (ONNX Runtime has no such Gemm to compare with)."""
    a, b = np.arange(6, dtype=np.int32).reshape(2, 3), np.arange(12, dtype=np.int32).reshape(3, 4)
    graph, feed = node_graph("Gemm", [a, b])
    legal = legalise(graph, samples=[]).graph
    with open_graph(legal) as session:
        np.testing.assert_array_equal(session.run(feed)["y"], a @ b)


@pytest.mark.parametrize(
    ("left", "right"), [((4,), (4,)), ((4,), (4, 3)), ((3, 4), (4,)), ((2, 3, 4), (4,)), ((4,), (2, 4, 3))]
)
@pytest.mark.parametrize("runtime", [(0,), (0, 1)])
def test_vectors(left, right, runtime):
    """Operands of rank 1 become matrices."""
    check_node("MatMul", [noise(*left), noise(*right, seed=1)], runtime=runtime)


def test_matrices_stay():
    """A MatMul of matrices is left alone."""
    assert check_node("MatMul", [noise(2, 3, 4), noise(4, 5)], runtime=(0, 1)) == ["MatMul"]


@pytest.mark.parametrize(
    ("left", "right"),
    [((2, 1, 2, 1, 2, 3), (2, 1, 2, 2, 3, 4)), ((1, 2, 1, 2, 2, 3), (3, 4)), ((2, 3), (1, 2, 1, 2, 3, 2))],
)
@pytest.mark.parametrize("runtime", [(0,), (0, 1)])
def test_rank_six(left, right, runtime):
    """More axes than LiteRT's product takes are one batch."""
    a, b = noise(*left), noise(*right, seed=1)
    np.testing.assert_allclose(litert("MatMul", [a, b], runtime=runtime), a @ b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64", "uint64"])
@pytest.mark.parametrize(("left", "right"), [((2, 3), (3, 4)), ((3,), (3, 4)), ((2, 1, 2, 3), (5, 3, 4))])
def test_integer_products(dtype, left, right):
    """Exact, and wrapping where the sum does not fit."""
    draw = np.random.default_rng(1).integers
    high = np.iinfo(dtype).max
    a, b = draw(0, high, left, dtype), draw(0, high, right, dtype)
    np.testing.assert_array_equal(litert("MatMul", [a, b], runtime=(0, 1)), a @ b)


def test_large_integer_products_are_refused():
    """Their products would fill the memory."""
    a, b = np.zeros((300, 300), np.int32), np.zeros((300, 300), np.int32)
    with pytest.raises(UnsupportedOperatorError, match=r"MatMul.*a product of int32 over 300 elements"):
        litert("MatMul", [a, b], runtime=(0, 1))


def test_fractional_factors_of_integers_are_refused():
    """Half an integer is not cut to zero."""
    a, b = np.ones((2, 3), np.int32), np.ones((3, 4), np.int32)
    with pytest.raises(UnsupportedOperatorError, match=r"alpha=0\.5, beta=1 of int32"):
        litert("Gemm", [a, b], runtime=(0, 1), alpha=0.5)


def test_an_empty_sum_is_zero():
    """A product over no elements."""
    got = litert("MatMul", [np.ones((2, 0), np.float32), np.ones((0, 3), np.float32)], runtime=(0,))
    np.testing.assert_array_equal(got, np.zeros((2, 3)))
