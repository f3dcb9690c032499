"""Many moves are one lint, at the largest; a few, and axes of length one, are none."""

import pytest

from tests.convert.coreml.lints.graphs import found, graph_of


def chain(count: int) -> str:
    nodes, last = "", "x"
    for index in range(count):
        nodes += f" t{index} = Transpose <perm = [1,0]> ({last})"
        last = f"t{index}"
    return nodes + f" y = Relu ({last})"


@pytest.mark.parametrize(("count", "expected"), [(6, ["t0"]), (2, [])])
def test_movement(count, expected):
    graph = graph_of(f"(float[2,3] x) => (float[2,3] y) {{{chain(count)} }}")
    assert found("movement", graph) == expected


def test_axes_of_length_one_move_nothing():
    nodes = "".join(
        f" r{i} = Reshape <allowzero = 0> ({f'r{i - 1}' if i else 'x'}, s{i % 2})" for i in range(8)
    )
    head = "(float[4,4] x) => (float[4,4] y) <int64[3] s0 = {1,4,4}, int64[2] s1 = {4,4}>"
    assert found("movement", graph_of(f"{head} {{{nodes} y = Relu (r7) }}")) == []
