"""Conv with weights computed at run time becomes matrix products, or stays one operator."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.legalise.support import check_node, few, noise


@given(
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    strides=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    dilations=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    pads=st.tuples(*[st.integers(0, 2)] * 4),
    group=st.sampled_from([1, 2, 4, 8]),
    batch=st.sampled_from([1, 2]),
)
@few
def test_any_window(kernel, strides, dilations, pads, group, batch):
    """Every combination, as products and (for 8 groups: depthwise) as one operator."""
    check_node(
        "Conv",
        [noise(batch, 8, 7, 6), noise(8, 8 // group, *kernel, seed=1), noise(8, seed=2)],
        runtime=(0, 1), pads=pads, strides=strides, dilations=dilations, group=group,
    )  # fmt: skip


def test_one_product_per_cell():
    """A kernel of two by two is four products, added up."""
    ops = check_node("Conv", [noise(1, 3, 5, 5), noise(4, 3, 2, 2)], runtime=(0, 1))
    assert ops.count("MatMul") == 4
    assert ops.count("Add") == 3
    assert "Conv" not in ops


@pytest.mark.parametrize(("group", "kernel"), [(6, 3), (1, 9)])
def test_many_products_are_one_operator(group, kernel):
    """Of many groups or large kernels, as a tracker's correlation has them, LiteRT's own operator is less."""
    operands = [noise(1, 6, 12, 12), noise(6, 6 // group, kernel, kernel)]
    assert check_node("Conv", operands, runtime=(0, 1), group=group) == ["Conv"]


def test_one_dimension():
    """Runtime weights over one axis."""
    check_node("Conv", [noise(1, 3, 9), noise(4, 3, 3), noise(4)], runtime=(0, 1, 2), pads=[1, 0])
