"""Products of matrices: ``linear`` by constants, ``matmul`` of what is computed."""

from pathlib import Path

import numpy as np
import pytest

from mobilekit.convert.coreml.api import refused_nodes
from tests.convert.coreml.support import check, graph_of, kinds, refusal
from tests.legalise.mil import check_node_mil
from tests.legalise.support import noise


def test_fully_connected():
    """With its bias, transposed or not, one operator."""
    operands = [noise(3, 4), noise(5, 4, seed=1), noise(5, seed=2)]
    assert check_node_mil("Gemm", operands, transB=1) == {"linear": 1}
    assert check_node_mil("Gemm", [operands[0], operands[1].T.copy(), operands[2]], alpha=0.5) == {
        "linear": 1
    }
    assert check_node_mil("MatMul", [noise(2, 3, 4), noise(4, 5, seed=1)]) == {"linear": 1}


@pytest.mark.parametrize(
    ("a", "b"), [((2, 3, 4), (2, 4, 5)), ((3, 4), (2, 4, 5)), ((4,), (4, 5)), ((3, 4), (4,)), ((4,), (4,))]
)
def test_matmul(a, b):
    """Batches broadcast; vectors are matrices."""
    found = check_node_mil("MatMul", [noise(*a), noise(*b, seed=1)], runtime=(0, 1))
    assert found["matmul"] == 1


def test_integers():
    """Exact, in int32."""
    a = np.random.default_rng(0).integers(-99, 99, (3, 4)).astype(np.int32)
    assert check_node_mil("MatMul", [a, a.T.copy()], runtime=(0, 1)) == {"matmul": 1}


def test_einsum():
    """Attention's scores."""
    found = check_node_mil(
        "Einsum", [noise(1, 2, 3, 4), noise(1, 2, 5, 4, seed=1)], runtime=(0, 1), equation="bhqd,bhkd->bhqk"
    )
    assert found["matmul"] == 1


def test_what_was_not_legalised_is_refused(tmp_path):
    """A Gemm with factors."""
    text = "g (float[2,3] x) => (float[2,2] y) <float[3,2] w = {1,2,3,4,5,6}> { y = Gemm <alpha=2.0> (x, w) }"
    assert "fully connected" in refusal(graph_of(text), tmp_path)


def test_transposed_operand_alone(tmp_path: Path):
    """A product written alone has its operands as they are; in the network it reads what was there before."""
    text = """g (float[2,4,3] a, float[2,4,5] b) => (float[2,3,5] y) {
        t = Transpose<perm=[0,2,1]> (a) y = MatMul (t, b) }"""
    graph = graph_of(text)
    assert refused_nodes(graph) == ()
    check(graph, {"a": noise(2, 4, 3), "b": noise(2, 4, 5)}, tmp_path, precision="fp32")
    assert kinds(tmp_path / "m.mlpackage") == ["matmul"]
