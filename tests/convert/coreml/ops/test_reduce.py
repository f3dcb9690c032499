"""Reductions, running sums and places of extremes, of floats and integers."""

import numpy as np
import pytest

from tests.convert.coreml.support import graph_of, refusal
from tests.legalise.mil import check_node_mil
from tests.legalise.support import noise

NATIVE = {
    "ReduceMean": "reduce_mean", "ReduceSum": "reduce_sum", "ReduceMax": "reduce_max", "ReduceMin": "reduce_min",
    "ReduceProd": "reduce_prod", "ReduceL1": "reduce_l1_norm", "ReduceL2": "reduce_l2_norm",
    "ReduceSumSquare": "reduce_sum_square",
}  # fmt: skip


@pytest.mark.parametrize("keep", [0, 1])
@pytest.mark.parametrize("op", NATIVE)
def test_reduce(op, keep):
    """One operator, negative axes too."""
    found = check_node_mil(op, [noise(2, 3, 4), np.array([-1, 0])], keepdims=keep)
    assert found == {NATIVE[op]: 1}
    assert check_node_mil(op, [noise(2, 3)], keepdims=keep)[NATIVE[op]] == 1


@pytest.mark.parametrize("op", ["ReduceLogSumExp", "ReduceLogSum"])
def test_logarithms(op):
    """Large numbers do not overflow."""
    check_node_mil(op, [np.abs(noise(2, 3, 4)) * 200, np.array([1])])


@pytest.mark.parametrize("op", ["ReduceMean", "ReduceSum", "ReduceMax", "ReduceL2"])
def test_integers(op):
    """Means and roots are cut towards zero."""
    x = np.random.default_rng(0).integers(-9, 9, (3, 4)).astype(np.int32)
    check_node_mil(op, [x, np.array([1])])


def test_places():
    """The first of equals, or the last; the largest and the smallest, along any axis."""
    x = np.array([[3, 1, 3, 2], [0, 0, -1, -1]], np.float32)
    for op in ("ArgMax", "ArgMin"):
        check_node_mil(op, [x], axis=-1, keepdims=0)
        check_node_mil(op, [x], axis=1, select_last_index=1)
        check_node_mil(op, [x.astype(np.int64)], axis=0)
    found = noise(3, 7, 2)
    for largest in (0, 1):
        kinds = check_node_mil("TopK", [found, np.array([3])], outputs=("v", "i"), axis=1, largest=largest)
        assert kinds["topk"] == 1


def test_running_sums():
    """Exclusive, and from behind."""
    for exclusive, reverse in ((0, 0), (1, 0), (0, 1), (1, 1)):
        check_node_mil("CumSum", [noise(3, 5), np.array(-1)], exclusive=exclusive, reverse=reverse)


def test_truth_values_are_not_summed(tmp_path):
    """What legalising casts, the table refuses."""
    text = "g (bool[2,3] x) => (bool[2,1] y) <int64[1] a = {1}> { y = ReduceMax (x, a) }"
    assert "truth" in refusal(graph_of(text), tmp_path)
    check_node_mil("ReduceMax", [np.eye(3) > 0, np.array([1])])
