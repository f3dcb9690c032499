"""Products of matrices."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from tests.runtimes.mil_reference.support import INT, evaluated

RNG = np.random.default_rng(0)


def drawn(*shape):
    return RNG.integers(-4, 5, shape).astype(np.float32)


def test_linear_with_and_without_bias():
    """Linear is x · weightᵀ, plus a bias where there is one."""
    x, weight, bias = drawn(2, 3, 4), drawn(5, 4), drawn(5)
    np.testing.assert_array_equal(evaluated("linear", x=x, weight=weight, bias=bias), x @ weight.T + bias)
    np.testing.assert_array_equal(evaluated("linear", x=x, weight=weight), x @ weight.T)


def test_matmul_broadcasts_and_transposes():
    """Matmul broadcasts what is before the matrices, transposes where asked, but no vector."""
    x, y = drawn(2, 1, 4, 3), drawn(5, 4, 2)
    np.testing.assert_array_equal(
        evaluated("matmul", x=x, y=y, transpose_x=np.array(True)), np.swapaxes(x, 2, 3) @ y
    )
    vector = drawn(2)
    found = evaluated("matmul", x=vector, y=y, transpose_x=np.array(True), transpose_y=np.array(True))
    np.testing.assert_array_equal(found, vector @ np.swapaxes(y, 1, 2))


def test_constants_of_another_type():
    """A constant of another type is converted, unless its fractions would be lost."""
    x = np.array([[1, 2]], np.int32)
    assert evaluated("matmul", x=x, y=np.array([[3], [4]], np.float32), outputs=(INT,))[0, 0] == 11
    with pytest.raises(UnsupportedOperatorError, match="int32 and fractions"):
        evaluated("matmul", x=x, y=np.array([[0.5], [4]], np.float32), outputs=(INT,))


@pytest.mark.parametrize(
    ("equation", "left", "right"),
    [
        ("nchw,nwhu->nchu", (2, 3, 4, 5), (2, 5, 4, 6)),
        ("chw,whr->chr", (3, 4, 5), (5, 4, 2)),
        ("abcd, adce -> abce", (1, 2, 3, 4), (1, 4, 3, 5)),
    ],
)
def test_einsum_in_any_letters(equation, left, right):
    """The two forms of einsum in any letters are NumPy's."""
    a, b = drawn(*left), drawn(*right)
    np.testing.assert_array_equal(
        evaluated("einsum", values=(a, b), equation=equation), np.einsum(equation, a, b)
    )


def test_einsum_broadcasts():
    """H of size 1 is broadcast."""
    a, b = drawn(1, 2, 1, 3), drawn(2, 3, 4, 5)
    assert evaluated("einsum", values=(a, b), equation="nchw,nwhu->nchu").shape == (2, 2, 4, 5)


@pytest.mark.parametrize("equation", ["ij,jk->ik", "nchw,nwhu->nhcu", "nchw,nwhc->nchc"])
def test_other_equations_are_refused(equation):
    """Other equations are refused."""
    with pytest.raises(UnsupportedOperatorError, match="equation"):
        evaluated("einsum", values=(drawn(1, 1, 1, 1), drawn(1, 1, 1, 1)), equation=equation)
