"""Batches that the GPU drops: forms without them, exact, and nothing changed where it keeps them."""

import numpy as np
import pytest

from mobilekit.legalise.pipeline import legalise
from mobilekit.normalise.pipeline import normalise
from tests.legalise.rules.gpu_support import one_node, rewritten
from tests.legalise.support import noise

LIFTED = {
    "rank 1": one_node("Add", noise(4), noise(4, seed=1)),
    "rank 2": one_node("Mul", noise(3, 4), noise(3, 4, seed=1)),
    "rank 3": one_node("Sub", noise(3, 4, 5), noise(3, 4, 5, seed=1)),
    "constant first": one_node("Sub", noise(3, 4, seed=1), noise(3, 4), runtime=(1,)),
    "one per picture": one_node("Max", noise(3, 4, 5), noise(3, 1, 1, seed=1)),
    "spread over": one_node("Add", noise(1, 4, 5), noise(3, 4, 5, seed=1)),
    "comparison": one_node("Less", noise(3, 4), noise(3, 4, seed=1)),
    "running sum of rank 1": one_node("CumSum", noise(5), np.array(0)),
    "running sum of rank 3": one_node("CumSum", noise(2, 3, 4), np.array(0)),
    "products, second spread": one_node("MatMul", noise(2, 3, 4), noise(4, 5, seed=1), runtime=(0, 1)),
    "products, first spread": one_node("MatMul", noise(3, 4), noise(2, 4, 5, seed=1), runtime=(0, 1)),
    "products, both spread": one_node("MatMul", noise(2, 1, 3, 4), noise(1, 2, 4, 5, seed=1), runtime=(0, 1)),
    "blocks of a batch": one_node("SpaceToDepth", noise(2, 3, 4, 4), blocksize=2),
    "channels of a batch": one_node("DepthToSpace", noise(2, 8, 3, 3), blocksize=2),
}  # fmt: skip
KEPT = {
    "one per channel": one_node("Add", noise(3, 4, 5), noise(5, seed=1)),
    "one per row": one_node("Add", noise(3, 4, 5), noise(4, 1, seed=1)),
    "first axis of 1": one_node("Add", noise(3, 4, 5), noise(1, 4, 5, seed=1)),
    "four axes": one_node("Add", noise(2, 3, 4, 5), noise(2, 3, 4, 5, seed=1)),
    "computed": one_node("Add", noise(3, 4), noise(3, 4, seed=1), runtime=(0, 1)),
    "running sum along a row": one_node("CumSum", noise(2, 3), np.array(1)),
    "products of equal batches": one_node("MatMul", noise(2, 3, 4), noise(2, 4, 5, seed=1), runtime=(0, 1)),
    "fully connected": one_node("MatMul", noise(2, 3, 4), noise(4, 5, seed=1)),
    "blocks of one picture": one_node("SpaceToDepth", noise(1, 3, 4, 4), blocksize=2),
}


@pytest.mark.parametrize("case", LIFTED.values(), ids=LIFTED.keys())
def test_batches_that_it_drops_are_written_without(case):
    """Another form than the CPU's, which computes the same."""
    on_cpu, on_gpu = rewritten(case, tolerance=1e-6)
    assert on_cpu != on_gpu


@pytest.mark.parametrize("case", KEPT.values(), ids=KEPT.keys())
def test_batches_that_it_keeps_stay(case):
    """The CPU's form."""
    on_cpu, on_gpu = rewritten(case)
    assert on_cpu == on_gpu


def test_constants_are_spread_without_an_operator():
    """A constant factor for each picture is one for all, written out."""
    case = one_node("MatMul", noise(2, 2, 3, 4), noise(1, 2, 4, 5, seed=1))
    assert rewritten(case, tolerance=1e-6) == (["MatMul"], ["MatMul"])
    proto = legalise(case[0], profile="tflite-gpu", samples=[]).graph.proto()
    assert [list(constant.dims) for constant in proto.graph.initializer] == [[2, 2, 4, 5]]


@pytest.mark.parametrize("op", ["LayerNormalization", "RMSNormalization"])
def test_norms_over_the_batch(op):
    """A scale for every element: below a batch of one, with the axes moved along."""
    operands = [noise(3, 4), noise(3, 4, seed=1)]
    graph, feed = one_node(op, *operands, axis=0, **({} if op == "LayerNormalization" else {"opset": 23}))
    case = normalise(graph, samples=[]).graph, feed
    on_cpu, on_gpu = rewritten(case, tolerance=1e-5)
    assert [kind for kind in on_gpu if kind != "Reshape"] == [kind for kind in on_cpu if kind != "Reshape"]
    assert on_gpu.count("Reshape") == 2
