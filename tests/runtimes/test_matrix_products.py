"""The reference computes Einsum nodes that are products of matrices as such, and leaves all others."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from mobilekit.runtimes.matrix_products import is_matrix_product, with_matrix_products
from mobilekit.runtimes.ort import open_graph
from mobilekit.runtimes.reference import open_reference
from mobilekit.source.graph import graph_from_proto


def graph_of(equation: str, *shapes: tuple[int, ...], out: tuple[int, ...]):
    inputs = [onnx.helper.make_tensor_value_info(f"x{i}", 1, shape) for i, shape in enumerate(shapes)]
    node = onnx.helper.make_node("Einsum", [v.name for v in inputs], ["y"], equation=equation)
    result = onnx.helper.make_tensor_value_info("y", 1, out)
    model = onnx.helper.make_model(
        onnx.helper.make_graph([node], "g", inputs, [result]),
        opset_imports=[onnx.helper.make_opsetid("", 17)],
        ir_version=8,
    )
    return graph_from_proto(model, stage="source")


@pytest.mark.parametrize("equation", ["ij,jk->ik", " ab , bc -> ac", "nhwc,cd->nhwd", "iJ,Jj->ij"])
def test_products_of_matrices_are_told_by_their_letters(equation):
    assert is_matrix_product(equation)


@pytest.mark.parametrize(
    "equation",
    ["ij,jk", "ij,kj->ik", "ij,jk->ki", "ij,ij->ij", "ii,ik->ik", "bij,bjk->bik", "ij,jk->i", "ij,ji->ii"]
    + ["...ij,jk->...ik", "ij->ji", "ij,jk,kl->il", "ij,ji->ij", "ij,jI->iJ", ""],
)
def test_everything_else_stays(equation):
    assert not is_matrix_product(equation)


@pytest.mark.parametrize(
    ("equation", "shapes", "out"),
    [
        ("ij,jk->ik", ((5, 4), (4, 3)), (5, 3)),
        ("abij,jk->abik", ((2, 3, 5, 4), (4, 6)), (2, 3, 5, 6)),
        ("ij,kj->ik", ((5, 4), (3, 4)), (5, 3)),
    ],
)
def test_the_reference_computes_what_einsum_means(equation, shapes, out):
    """Products and others alike, and whatever ONNX Runtime's own kernel says."""
    graph = graph_of(equation, *shapes, out=out)
    draw = np.random.default_rng(0)
    feed = {f"x{i}": draw.normal(size=shape).astype(np.float32) for i, shape in enumerate(shapes)}
    with open_reference(graph) as reference, open_graph(graph) as plain:
        found, same = reference.run(feed)["y"], plain.run(feed)["y"]
    np.testing.assert_allclose(found, np.einsum(equation, *feed.values()), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found, same, rtol=1e-5, atol=1e-5)


def test_only_products_are_rewritten():
    product = with_matrix_products(graph_of("ij,jk->ik", (5, 4), (4, 3), out=(5, 3)))
    assert [node.op_type for node in product.proto().graph.node] == ["MatMul"]
    other = graph_of("ij,kj->ik", (5, 4), (3, 4), out=(5, 3))
    assert with_matrix_products(other) is other
