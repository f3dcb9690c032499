"""Reductions over large maps are named, with how many values they take; small ones are not."""

import numpy as np
import pytest

from tests.convert.coreml.lints.graphs import found, graph_of


@pytest.mark.parametrize(("size", "sums", "means"), [(256, ["y"], ["y"]), (96, ["y"], []), (32, [], [])])
def test_sums_and_means(size, sums, means):
    axes = {"a": np.array([2, 3], np.int64)}
    text = f"(float[1,2,{size},{size}] x) => (float[1,2,1,1] y) {{ y = OP (x, a) }}"
    assert found("reduction", graph_of(text.replace("OP", "ReduceSum"), axes)) == sums
    assert found("reduction", graph_of(text.replace("OP", "ReduceMean"), axes)) == means


@pytest.mark.parametrize(("size", "expected"), [(256, ["y"]), (64, [])])
def test_norms_by_their_axes(size, expected):
    one = np.ones((1, 1, 1, 1), np.float32)
    text = f"(float[1,8,{size},{size}] x) => (float[1,8,{size},{size}] y)"
    constants = {"s": one, "b": one, "e": one * np.float32(1e-5)}
    norm = " { y = mobilekit.Normalize <axes = [2,3]> (x, s, b, e) }"
    assert found("reduction", graph_of(text + norm, constants)) == expected
    groups = " { y = mobilekit.GroupNormalize <groups = 8> (x, s, b, e) }"
    assert found("reduction", graph_of(text + groups, constants)) == expected


def test_a_window_is_what_counts_in_a_pool():
    graph = graph_of(
        "(float[1,1,512,512] x) => (float[1,1,511,511] y) { y = AveragePool <kernel_shape = [2,2]> (x) }"
    )
    assert found("reduction", graph) == []
