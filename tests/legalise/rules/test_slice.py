"""Slice as ONNX reads it: negative and huge positions, missing axes and steps, steps backwards."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from mobilekit.legalise.rules.slice import clamped
from tests.legalise.support import check_node, more, node_graph, noise

POSITION = st.one_of(st.integers(-9, 9), st.sampled_from([2**31 - 1, 2**63 - 1, -(2**63) + 1]))


@given(
    start=POSITION,
    end=POSITION,
    step=st.sampled_from([-3, -1, 1, 2]),
    axis=st.integers(-2, 1),
    written=st.sampled_from([2, 3, 4]),
)
@more
def test_any_slice(start, end, step, axis, written):
    """Every start, end and step that leaves something."""
    step, axis = step if written > 3 else 1, axis if written > 2 else 0
    size = (6, 5)[axis]
    assume(len(range(*slice(start, end, step).indices(size))) > 0)
    operands = [np.array([v], np.int64) for v in (start, end, axis, step)][:written]
    check_node("Slice", [noise(6, 5), *operands])


@given(POSITION, POSITION, st.sampled_from([-3, -1, 1, 2]), st.integers(1, 7))
@more
def test_clamped_selects_the_same(start, end, step, size):
    """Clamped positions read the same cells as Python's own slices."""
    first, last, stride = clamped(start, end, step, size)
    cells = list(range(size))
    assert cells[first if first >= 0 else None : last if last >= -size else None : stride] == cells[
        start:end:step
    ] or (first < 0 and cells[start:end:step] == [])


def test_runtime_positions_are_refused():
    """Positions computed at run time change shapes."""
    operands = [noise(6, 5), np.array([1]), np.array([3])]
    graph, _ = node_graph("Slice", operands)
    model = graph.proto()
    model.graph.node[0].input[1] = "start"
    value = model.graph.input.add(name="start")
    value.type.tensor_type.elem_type = 7
    value.type.tensor_type.shape.dim.add(dim_value=1)
    from mobilekit.source.graph import graph_from_proto

    with pytest.raises(UnsupportedOperatorError, match="Slice"):
        legalise(graph_from_proto(model, stage="normalised"), samples=[])
