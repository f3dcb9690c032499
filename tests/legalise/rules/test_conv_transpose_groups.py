"""ConvTranspose with groups: an operator per group, or convolutions per phase of the stride."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.legalise.support import check_node, few, noise


@given(
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.integers(1, 4),
    cut=st.tuples(*[st.integers(0, 1)] * 4),
    extra=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    per_group=st.sampled_from([(1, 1), (1, 2), (2, 1)]),
)
@few
def test_many_groups(kernel, stride, cut, extra, per_group):
    """Phases of any kernel and stride, cut and grown, with one or more channels a group."""
    inputs, outputs = per_group
    pads = [c if k > 1 else 0 for c, k in zip(cut, kernel * 2, strict=True)]
    check_node(
        "ConvTranspose",
        [noise(2, 6 * inputs, 4, 3), noise(6 * inputs, outputs, *kernel, seed=1), noise(6 * outputs, seed=2)],
        strides=[stride] * 2, pads=pads, group=6,
        output_padding=[min(e, stride - 1) for e in extra],
    )  # fmt: skip


def test_depthwise_doubling_is_four_convolutions():
    """And no operator per channel, nor one with zeros between the groups."""
    operands = [noise(1, 16, 4, 4), noise(16, 1, 4, 4)]
    ops = check_node("ConvTranspose", operands, strides=[2, 2], pads=[1] * 4, group=16)
    assert ops.count("Conv") == 4
    assert "DepthToSpace" in ops
    assert "ConvTranspose" not in ops


def test_unequal_strides_are_one_operator():
    """DepthToSpace has one block size: zeros between the groups instead."""
    operands = [noise(1, 8, 4, 4), noise(8, 1, 3, 3)]
    assert "ConvTranspose" in check_node("ConvTranspose", operands, strides=[2, 3], group=8)


@pytest.mark.parametrize("runtime", [(0,), (0, 1)])
def test_few_groups_are_split(runtime):
    """An operator per group, of constant or runtime weights; output_shape is kept."""
    operands = [noise(1, 4, 4, 4), noise(4, 25, 3, 3), noise(50)]
    ops = check_node("ConvTranspose", operands, runtime=runtime, strides=[2, 2], group=2, output_shape=[8, 7])
    assert ops.count("ConvTranspose") == 2


def test_dilations_with_groups():
    """A dilated kernel is spread out first."""
    check_node("ConvTranspose", [noise(1, 5, 4, 4), noise(5, 1, 2, 3)], dilations=[2, 2], group=5)
