"""Col2Im adds blocks up where they overlap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check_node, few, node_graph, noise


def counts(sizes, block, strides, dilations, pads):
    """How many blocks there are along each axis."""
    axes = len(sizes)
    return [
        (sizes[a] + pads[a] + pads[axes + a] - (block[a] - 1) * dilations[a] - 1) // strides[a] + 1
        for a in range(axes)
    ]


@given(
    block=st.tuples(*[st.integers(1, 3)] * 2),
    strides=st.tuples(*[st.integers(1, 3)] * 2),
    dilations=st.tuples(*[st.integers(1, 2)] * 2),
    pads=st.tuples(*[st.integers(0, 2)] * 4),
)
@few
def test_any_block(block, strides, dilations, pads):
    """Every combination, cells that no block reaches included."""
    sizes = (7, 6)
    blocks = int(np.prod(counts(sizes, block, strides, dilations, pads)))
    x = noise(2, 3 * int(np.prod(block)), blocks)
    check_node(
        "Col2Im", [x, np.array(sizes), np.array(block)], strides=strides, dilations=dilations, pads=pads
    )


@pytest.mark.parametrize(("sizes", "block"), [((8,), (3,)), ((4, 5, 6), (2, 1, 3))])
def test_other_ranks(sizes, block):
    """One axis and three, as ONNX Runtime can compute them: without strides and pads."""
    ones = (1,) * len(sizes)
    blocks = int(np.prod(counts(sizes, block, ones, ones, (0,) * 2 * len(sizes))))
    x = noise(1, 2 * int(np.prod(block)), blocks)
    check_node("Col2Im", [x, np.array(sizes), np.array(block)])


@pytest.mark.parametrize(
    ("sizes", "attributes", "reason"),
    [((8,), {"strides": [2]}, r"strides \(2,\)"), ((3, 3, 3, 3), {}, "an image_shape of 4 axes")],
)
def test_what_cannot_be_compared_is_refused(sizes, attributes, reason):
    """ONNX Runtime writes beside its result there."""
    blocks = 4 if attributes else 81
    operands = [
        noise(1, 2, blocks),
        np.array(sizes),
        np.array((2 if attributes else 1, *(1,) * (len(sizes) - 1))),
    ]
    graph, _ = node_graph("Col2Im", operands, **attributes)
    with pytest.raises(UnsupportedOperatorError, match=f"Col2Im, opset 21, node y: {reason}"):
        legalise(graph, samples=[])
