"""Det written out, against ONNX Runtime."""

import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check_node, node_graph, noise


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (3, 3), (2, 3, 4, 4), (5, 2, 2)])
def test_small_matrices(shape):
    """One matrix and batches of them."""
    assert "Det" not in check_node("Det", [noise(*shape)])


def test_large_matrices_are_refused():
    """The expansion grows with the factorial of the size."""
    graph, _ = node_graph("Det", [noise(5, 5)])
    with pytest.raises(UnsupportedOperatorError, match=r"Det.*node y: matrices of 5 by 5"):
        legalise(graph, samples=[])
