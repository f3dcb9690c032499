"""Einsum equations of one, two and three operands against ONNX Runtime."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check_node, more, node_graph, noise

SIZES = {"a": 2, "b": 3, "c": 4, "d": 5, "e": 2}


def tensors(equation):
    """An operand for each term of an equation without ellipses."""
    terms = equation.replace(" ", "").split("->")[0].split(",")
    return [noise(*(SIZES[c] for c in term), seed=n) for n, term in enumerate(terms)]


EQUATIONS = [
    "ab,bc->ac", "ab,cb->ca", "abc,abd->acd", "abcd,aecd->abe", "ab,ab->", "a,b->ab", "ab->ba", "ab->a",
    "abc->", "ab,b->a", "abc,dc->abd", "abcd,bd->ac", "ab,ab->ab", "ab,cd->acbd", "ab,bc,cd->ad", "ab,a,b->",
    "abc,abc->ac", "ab,bc", "ba", "abcd,abed->abce", "ab , bc -> ac",
]  # fmt: skip


@pytest.mark.parametrize("equation", EQUATIONS)
@pytest.mark.parametrize("constant", [False, True])
def test_equation(equation, constant):
    """Contractions, outer products, sums and permutations; the last operand constant or not."""
    operands = tensors(equation)
    runtime = range(max(len(operands) - constant, 1))
    ops = check_node("Einsum", operands, runtime=tuple(runtime), equation=equation)
    assert "Einsum" not in ops


@given(
    st.lists(st.sampled_from("abcde"), min_size=1, max_size=4, unique=True),
    st.lists(st.sampled_from("abcde"), min_size=1, max_size=4, unique=True),
    st.randoms(use_true_random=False),
)
@more
def test_any_two_operands(left, right, random):
    """Any two terms, and any selection of their labels as the result."""
    everything = sorted({*left, *right})
    result = random.sample(everything, random.randint(0, min(len(everything), 4)))
    equation = f"{''.join(left)},{''.join(right)}->{''.join(result)}"
    check_node("Einsum", tensors(equation), runtime=(0, 1), equation=equation)


def test_a_layer_is_one_product():
    """Labels in the order of a MatMul need nothing else."""
    assert check_node("Einsum", tensors("ab,bc->ac"), equation="ab,bc->ac") == ["MatMul"]


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("...ab,...bc->...ac", [(2, 3, 4, 5), (2, 3, 5, 6)]),
        ("...ab,bc->...ac", [(2, 3, 4, 5), (5, 6)]),
        ("...a->...", [(2, 3, 4)]),
        ("...ab->...ba", [(2, 3, 4)]),
        ("...a,...a", [(2, 3, 4), (2, 3, 4)]),
        ("ab...,b...->a...", [(2, 3, 4), (3, 4)]),
    ],
)
def test_ellipsis(equation, shapes):
    """Ellipses of equal and of different lengths."""
    operands = [noise(*shape, seed=n) for n, shape in enumerate(shapes)]
    check_node("Einsum", operands, runtime=tuple(range(len(operands))), equation=equation)


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("aa->a", [(3, 3)]), ("aa", [(3, 3)]), ("aab,bc->ac", [(3, 3, 2), (2, 4)]), ("aba->b", [(3, 4, 3)]),
        ("...aa->...a", [(2, 3, 4, 4)]), ("aaa->a", [(3, 3, 3)]), ("aabb->ab", [(2, 2, 3, 3)]),
    ],
)  # fmt: skip
def test_diagonals(equation, shapes):
    """A label twice in one term reads a diagonal: a strided slice."""
    operands = [noise(*shape, seed=n) for n, shape in enumerate(shapes)]
    check_node("Einsum", operands, runtime=tuple(range(len(operands))), equation=equation)


def test_stretched_axes_of_the_result_are_refused():
    """ONNX says that an axis of size 1 stays, ONNX Runtime repeats it: neither is guessed."""
    graph, _ = node_graph("Einsum", [noise(1, 3), noise(2, 3)], runtime=(0, 1), equation="ab,ab->ab")
    with pytest.raises(UnsupportedOperatorError, match="repeats an axis of size 1"):
        legalise(graph, samples=[])
