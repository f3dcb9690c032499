"""DeformConv samples where its offsets say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.legalise.support import check_node, few, noise


def operands(window, *, groups=1, offset_groups=1, batch=1, spread=1.5):
    """Image, weights, offsets, bias and mask for a window on an image of 7×6."""
    kernel, strides, dilations, pads = window
    out = [
        (size + pads[i] + pads[i + 2] - (kernel[i] - 1) * dilations[i] - 1) // strides[i] + 1
        for i, size in enumerate((7, 6))
    ]
    cells = kernel[0] * kernel[1] * offset_groups
    return [
        noise(batch, 4, 7, 6), noise(4, 4 // groups, *kernel, seed=1),
        noise(batch, 2 * cells, *out, seed=2) * spread, noise(4, seed=3), noise(batch, cells, *out, seed=4),
    ]  # fmt: skip


@given(
    kernel=st.tuples(*[st.integers(1, 3)] * 2),
    strides=st.tuples(*[st.integers(1, 2)] * 2),
    dilations=st.tuples(*[st.integers(1, 2)] * 2),
    pads=st.tuples(*[st.integers(0, 2)] * 4),
    groups=st.sampled_from([(1, 1), (2, 1), (1, 2), (4, 2)]),
    runtime=st.sampled_from([(0,), (0, 2, 4)]),
)
@few
def test_any_window(kernel, strides, dilations, pads, groups, runtime):
    """Every combination; offsets and mask constant or computed at run time."""
    made = operands((kernel, strides, dilations, pads), groups=groups[0], offset_groups=groups[1], batch=2)
    check_node(
        "DeformConv", made, runtime=runtime, strides=strides, dilations=dilations, pads=pads,
        group=groups[0], offset_group=groups[1],
    )  # fmt: skip


@pytest.mark.parametrize("given_operands", [3, 4])
def test_without_bias_and_mask(given_operands):
    """Both are optional."""
    made = operands(((3, 3), (1, 1), (1, 1), (1, 1, 1, 1)))[:given_operands]
    check_node("DeformConv", made, runtime=(0, 2), pads=[1] * 4)


def test_far_outside():
    """Samples beyond the image are zero, however far."""
    made = operands(((3, 3), (1, 1), (1, 1), (0, 0, 0, 0)), spread=100.0)
    check_node("DeformConv", made, runtime=(0, 2))
