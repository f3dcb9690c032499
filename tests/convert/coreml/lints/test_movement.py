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


@pytest.mark.parametrize(("op", "expected"), [("MatMul", []), ("Mul", ["t0"])])
def test_products_take_transposes_in(op, expected):
    """``transpose_y`` moves nothing; an operand of anything else does."""
    nodes = "".join(f" t{i} = Transpose <perm = [1,0]> (x) p{i} = {op} (x, t{i})" for i in range(6))
    graph = graph_of(f"(float[4,4] x) => (float[4,4] y) {{{nodes} y = Sum (p0, p1, p2, p3, p4, p5) }}")
    assert found("movement", graph) == expected
