"""Pads that the GPU merges wrongly: other forms where it does, the CPU's where merging is right."""

import numpy as np
import pytest

from tests.legalise.rules.gpu_support import one_node, rewritten, several
from tests.legalise.support import noise

ROWS, ROUND = np.array([0, 1, 0, 2]), np.array([0, 0, 1, 2, 0, 0, 2, 1])
CONV = "net (float[1,3,8,8] x) => (float[1,4,{0},{0}] y) {{ a = Conv(x, W) b = Pad(a, P, V) y = {1}(b) }}"


def padded(size, reader, value):
    """Convolution → Pad by ``value`` → ``reader``: nothing between pad and reader, whatever the layout."""
    constants = {
        "W": -np.abs(noise(4, 3, 1, 1)),
        "P": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        "V": np.float32(value),
    }
    return several(CONV.format(size, reader), np.abs(noise(1, 3, 8, 8)), **constants)


POOL = "<kernel_shape=[3,3],strides=[2,2]>"
CHANGED = {
    "rank 2": one_node("Pad", noise(4, 5), ROWS),
    "rank 3": one_node("Pad", noise(3, 4, 5), np.array([0, 1, 0, 0, 0, 2])),
    "infinite": one_node("Pad", noise(1, 2, 4, 5), ROUND, np.float32(-np.inf)),
    "integers": one_node("Pad", np.arange(6, dtype=np.int32).reshape(1, 1, 2, 3), ROUND),
    "truths": one_node("Pad", np.ones((1, 1, 2, 3), bool), ROUND, np.bool_(False)),
    "another value": one_node("Pad", noise(1, 2, 4, 5), ROUND, np.float32(7)),
    "average that counts": one_node("AveragePool", noise(1, 2, 8, 8), kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2], count_include_pad=1),
    "average that does not": one_node("AveragePool", noise(1, 2, 8, 8), kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]),
    "zeros, maximum": padded(8, "MaxPool<kernel_shape=[3,3]>", 0),
    "sevens, average": padded(4, f"AveragePool{POOL}", 7),
    "bytes": one_node("MaxPool", (10 * noise(1, 2, 5, 5)).astype(np.int8), kernel_shape=[3, 3]),
    "uneven transposed": one_node("ConvTranspose", noise(1, 2, 4, 5), noise(2, 3, 3, 3, seed=1), strides=[2, 2], pads=[0, 0, 1, 1], kernel_shape=[3, 3]),
}  # fmt: skip
KEPT = {
    "zeros over four axes": one_node("Pad", noise(1, 2, 4, 5), ROUND),
    "average without pads": one_node("AveragePool", noise(1, 2, 6, 6), kernel_shape=[3, 3]),
    "average with SAME": one_node("AveragePool", noise(1, 2, 5, 5), kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    "maximum with pads": one_node("MaxPool", noise(1, 2, 8, 8), kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]),
    "a stride of one": one_node("ConvTranspose", noise(1, 2, 4, 5), noise(2, 3, 2, 2, seed=1), pads=[0, 0, 1, 1], kernel_shape=[2, 2]),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGED.values(), ids=CHANGED.keys())
def test_what_it_mistakes_is_written_another_way(case):
    """Another form than the CPU's, which computes the same."""
    on_cpu, on_gpu = rewritten(case, tolerance=1e-6)
    assert on_cpu != on_gpu


@pytest.mark.parametrize("case", KEPT.values(), ids=KEPT.keys())
def test_what_it_merges_rightly_stays(case):
    """The CPU's form."""
    on_cpu, on_gpu = rewritten(case)
    assert on_cpu == on_gpu


def test_windows_in_the_pad_alone():
    """Zeros before a maximum, with a window that touches nothing else: the zero is the maximum there."""
    case = several(
        "net (float[1,1,4,4] x) => (float[1,1,4,4] y) { r = Relu(x) n = Neg(r) b = Pad(n, P) y = MaxPool<kernel_shape=[2,2],strides=[2,2]>(b) }",
        noise(1, 1, 4, 4),
        P=np.array([0, 0, 2, 2, 0, 0, 2, 2]),
    )
    assert "Max" in rewritten(case)[1]


def test_transposed_convolutions_that_cut_evenly_stay_whole():
    """The CPU's form is by phases; here SAME stays where it cuts as much before as after."""
    x, weights = noise(1, 2, 4, 5), noise(2, 3, 4, 4, seed=1)
    case = one_node("ConvTranspose", x, weights, strides=[2, 2], pads=[1, 1, 1, 1], kernel_shape=[4, 4])
    assert rewritten(case, tolerance=1e-5)[1] == ["ConvTranspose"]
