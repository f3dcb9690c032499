"""Rows gathered and added up by position."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.convert.tflite import emit
from mobilekit.errors import UnsupportedOperatorError

HEAD = '<ir_version: 10, opset_import: ["": 21]> g'
SCATTER = f'{HEAD} (float[4,3] u) => (float y) {{ y = ScatterND<reduction="add">(z, i, u) }}'


def _zeros() -> np.ndarray:
    return np.zeros((5, 3), np.float32)


def test_updates_of_a_row_are_added(graph_of, agrees, operators) -> None:
    """SCATTER_ND adds what goes to one row, and leaves zeros elsewhere."""
    graph = graph_of(SCATTER, {"z": _zeros(), "i": np.array([[1], [4], [1], [0]])})
    agrees(graph)
    assert operators(graph) == ["SCATTER_ND"]


def test_positions_at_run_time(graph_of, agrees) -> None:
    """64-bit positions are cast to the 32 bits that SCATTER_ND takes."""
    text = f"{HEAD} (float[4,6] x, float[4,3] u) => (float y) {{"
    text += ' p = ArgMax<axis=1>(x) y = ScatterND<reduction="add">(z, p, u) }'
    agrees(graph_of(text, {"z": np.zeros((6, 3), np.float32)}))


@pytest.mark.parametrize(("reduction", "first"), [("none", 0), ("max", 0), ("add", 1)])
def test_all_else_is_legalised_before(graph_of, reduction: str, first: int) -> None:
    """Rows that are replaced, combined otherwise, or not zero at first."""
    text = SCATTER.replace("add", reduction)
    zeros = _zeros() + np.float32(first)
    graph = graph_of(text, {"z": zeros, "i": np.array([[1], [4], [2], [0]])})
    with pytest.raises(UnsupportedOperatorError, match="legalised before"):
        emit(graph, precision="fp32")
