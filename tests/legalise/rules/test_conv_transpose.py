"""ConvTranspose with every attribute, as one group without dilations, and a Slice where pads need it."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check_node, few, more, node_graph, noise


def test_doubling_with_kernel_four_stays():
    """Kernel 4, stride 2, pads 1: TFLite's SAME."""
    operands = [noise(1, 3, 5, 6), noise(3, 25, 4, 4), noise(25)]
    assert check_node("ConvTranspose", operands, strides=[2, 2], pads=[1] * 4) == ["ConvTranspose"]


def test_doubling_with_kernel_three_is_cut():
    """Kernel 3, stride 2, pads 1, output_padding 1: the full result without its first row and column."""
    operands = [noise(1, 3, 5, 6), noise(3, 25, 3, 3)]
    ops = check_node("ConvTranspose", operands, strides=[2, 2], pads=[1] * 4, output_padding=[1, 1])
    assert ops == ["ConvTranspose", "Slice"]


@given(
    size=st.tuples(st.integers(3, 6), st.integers(3, 6)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilations=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    pads=st.tuples(*[st.integers(0, 2)] * 4),
    extra=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    group=st.sampled_from([1, 2, 6]),
    outputs=st.sampled_from([2, 25]),
)
@more
def test_any_conv_transpose_computes_the_same(size, kernel, strides, dilations, pads, extra, group, outputs):
    """Every combination with output_padding below the stride (above it ONNX Runtime reads stray memory)."""
    assume(all(e < s for e, s in zip(extra, strides, strict=True)))
    sizes = [
        (n - 1) * s + e + (k - 1) * d + 1 - pads[i] - pads[i + 2]
        for i, (n, s, e, k, d) in enumerate(zip(size, strides, extra, kernel, dilations, strict=True))
    ]
    assume(min(sizes) > 0)
    check_node(
        "ConvTranspose",
        [noise(1, 6, *size), noise(6, outputs, *kernel, seed=1), noise(outputs * group, seed=2)],
        pads=pads, strides=strides, dilations=dilations, group=group, output_padding=extra,
    )  # fmt: skip


@pytest.mark.parametrize("mode", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize("kernel", [2, 3, 4, 5])
@pytest.mark.parametrize("outputs", [3, 25])
def test_auto_pad(mode, kernel, outputs):
    """The odd cell is cut after (SAME_UPPER) or before (SAME_LOWER), of few and of many channels."""
    operands = [noise(1, 2, 4, 5), noise(2, outputs, kernel, kernel)]
    check_node("ConvTranspose", operands, strides=[2, 2], auto_pad=mode)


@pytest.mark.parametrize("mode", ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"])
@pytest.mark.parametrize("sizes", [(8, 10), (9, 11), (7, 9)])
@pytest.mark.parametrize("outputs", [3, 25])
def test_output_shape(mode, sizes, outputs):
    """output_shape decides the pads, also where auto_pad says that there are none."""
    operands = [noise(1, 2, 4, 5), noise(2, outputs, 3, 3)]
    check_node("ConvTranspose", operands, strides=[2, 2], auto_pad=mode, output_shape=sizes)


@given(st.integers(3, 6), st.integers(1, 4), st.integers(1, 3), st.integers(0, 1))
@few
def test_one_dimension(length, kernel, stride, pad):
    """A 1-D ConvTranspose is one on images of height 1."""
    assume((length - 1) * stride + kernel - 2 * pad > 0)
    operands = [noise(2, 3, length), noise(3, 4, kernel), noise(4)]
    ops = check_node("ConvTranspose", operands, strides=[stride], pads=[pad, pad])
    assert ops[0] == "Reshape"


def test_runtime_weights_stay():
    """TRANSPOSE_CONV takes weights computed at run time; dilated ones are spread out by zeros."""
    operands = [noise(1, 3, 4, 4), noise(3, 2, 2, 2), noise(2)]
    assert check_node("ConvTranspose", operands, runtime=(0, 1)) == ["ConvTranspose", "Add"]
    ops = check_node("ConvTranspose", operands, runtime=(0, 1), dilations=[2, 3], group=1)
    assert ops.count("ConvTranspose") == 1
    assert ops.count("Pad") == 2


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"output_padding": [1, 1], "strides": [2, 2], "auto_pad": "SAME_UPPER"}, "output_padding"),
        ({"output_padding": [0, 1], "strides": [2, 1], "dilations": [1, 2]}, r"output_padding \(0, 1\)"),
        ({"output_padding": [0, 1], "dilations": [1, 2], "pads": [0, 0, 1, 2]}, r"output_padding \(0, 1\)"),
        ({"output_shape": [10, 14]}, r"output_shape \(10, 14\)"),
    ],
)
def test_what_no_runtime_defines_is_refused(attributes, reason):
    """ONNX Runtime returns memory it did not write there, or another size than ONNX."""
    graph, _ = node_graph("ConvTranspose", [noise(1, 3, 4, 5), noise(3, 2, 3, 3)], **attributes)
    with pytest.raises(UnsupportedOperatorError, match=f"node y: {reason}"):
        legalise(graph, samples=[])
