"""ConvTranspose over volumes: planes added up and interleaved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.legalise.support import check_node, few, noise


@given(
    kernel=st.tuples(*[st.integers(1, 4)] * 3),
    strides=st.tuples(*[st.integers(1, 3)] * 3),
    dilations=st.tuples(*[st.integers(1, 2)] * 3),
    cut=st.tuples(*[st.integers(0, 1)] * 6),
    group=st.sampled_from([1, 2]),
)
@few
def test_any_volume(kernel, strides, dilations, cut, group):
    """Every combination of kernel, stride, dilation, pads and groups."""
    pads = [c if k > 2 else 0 for c, k in zip(cut, kernel * 2, strict=True)]
    check_node(
        "ConvTranspose",
        [noise(1, 2, 3, 2, 4), noise(2, 2, *kernel, seed=1), noise(2 * group, seed=2)],
        pads=pads, strides=strides, dilations=dilations, group=group,
    )  # fmt: skip


@pytest.mark.parametrize(
    "attributes",
    [
        {"output_padding": [1, 0, 2], "strides": [2, 1, 3]},
        {"output_shape": [6, 5, 7], "strides": [2, 2, 2]},
        {"output_shape": [6, 5, 5], "strides": [2, 2, 2], "auto_pad": "VALID"},
        {"auto_pad": "SAME_UPPER", "strides": [2, 2, 1]},
        {"auto_pad": "SAME_LOWER", "strides": [3, 2, 2]},
    ],
)
def test_sizes(attributes):
    """The result's size said in other ways than pads, for two images."""
    check_node("ConvTranspose", [noise(2, 2, 3, 3, 3), noise(2, 3, 3, 2, 3)], **attributes)


def test_strides_beyond_the_kernel():
    """Planes that nothing reaches are zeros, plus the bias."""
    operands = [noise(1, 2, 3, 2, 2), noise(2, 2, 2, 1, 1), noise(2)]
    check_node("ConvTranspose", operands, strides=[4, 2, 2], dilations=[2, 1, 1])


def test_weights_at_run_time():
    """Each plane of runtime weights is a slice of them."""
    check_node("ConvTranspose", [noise(1, 2, 3, 3, 3), noise(2, 2, 2, 2, 2)], runtime=(0, 1), strides=[2] * 3)
