"""Conv keeps TFLite's own paddings, and gets a Pad for every other."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check, check_node, few, more, node_graph, noise, text_graph


def test_same_padding_stays():
    """Pads that TFLite calls SAME need no Pad."""
    assert check_node("Conv", [noise(1, 3, 9, 11), noise(4, 3, 3, 3)], pads=[1, 1, 1, 1]) == ["Conv"]


def test_torch_stride_two_on_even_size_is_not_same():
    """Pads 1 with stride 2 on an even size puts the odd cell before: TFLite puts it after."""
    operands = [noise(1, 3, 8, 8), noise(4, 3, 3, 3), noise(4)]
    assert check_node("Conv", operands, pads=[1, 1, 1, 1], strides=[2, 2]) == ["Pad", "Conv"]


@pytest.mark.parametrize(
    ("mode", "ops"), [("SAME_UPPER", ["Conv"]), ("SAME_LOWER", ["Pad", "Conv"]), ("VALID", ["Conv"])]
)
def test_auto_pad(mode, ops):
    """SAME_UPPER is TFLite's SAME, SAME_LOWER is not where a cell is odd."""
    operands = [noise(1, 3, 8, 8), noise(4, 3, 3, 3)]
    assert check_node("Conv", operands, auto_pad=mode, strides=[2, 2]) == ops


@given(
    size=st.tuples(st.integers(5, 12), st.integers(5, 12)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 3)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilations=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    pads=st.tuples(*[st.integers(0, 3)] * 4),
    group=st.sampled_from([1, 2, 4]),
)
@more
def test_any_conv_computes_the_same(size, kernel, strides, dilations, pads, group):
    """Every combination of size, kernel, stride, dilation, pads and groups."""
    check_node(
        "Conv",
        [noise(1, 4, *size), noise(8, 4 // group, *kernel, seed=1), noise(8, seed=2)],
        pads=pads, strides=strides, dilations=dilations, group=group, kernel_shape=kernel,
    )  # fmt: skip


@given(st.integers(7, 12), st.integers(1, 3), st.integers(1, 2), st.tuples(*[st.integers(0, 2)] * 2))
@few
def test_one_dimension(length, stride, dilation, pads):
    """A 1-D Conv is a Conv on images of height 1."""
    operands = [noise(2, 3, length), noise(4, 3, 3), noise(4)]
    ops = check_node("Conv", operands, pads=pads, strides=[stride], dilations=[dilation])
    assert ops[0] == "Reshape"
    assert ops[-1] == "Reshape"


def test_runtime_bias_becomes_an_add():
    """A bias computed at run time is added afterwards."""
    operands = [noise(1, 3, 8, 8), noise(4, 3, 1, 1), noise(4)]
    assert check_node("Conv", operands, runtime=(0, 2)) == ["Conv", "Reshape", "Add"]


def test_a_bias_is_added_to_runtime_weights():
    """Weights at run time leave no place for a bias, constant or not."""
    operands = [noise(1, 3, 8, 8), noise(4, 3, 1, 1), noise(4)]
    assert check_node("Conv", operands, runtime=(0, 1))[-1] == "Add"


PADDED = """
g (float[1,3,8,8] x) => (float y) {{
  p = Pad <mode="{mode}"> (x, pads)
  y = Conv <strides=[{stride},{stride}]> (p, w)
}}"""


def padded(mode, stride, pads):
    """A Pad before a Conv of 3×3."""
    return text_graph(
        PADDED.format(mode=mode, stride=stride),
        {"pads": np.array(pads, np.int64), "w": noise(4, 3, 3, 3)},
    )


def test_zero_pad_that_is_same_joins_the_conv():
    """TensorFlow's exporters write SAME as Pad and Conv: one operator again."""
    assert check(padded("constant", 2, [0, 0, 0, 0, 0, 0, 1, 1]), {"x": noise(1, 3, 8, 8)}) == ["Conv"]


@pytest.mark.parametrize(
    ("mode", "pads"), [("constant", [0, 0, 1, 1, 0, 0, 0, 0]), ("reflect", [0, 0, 0, 0, 0, 0, 1, 1])]
)
def test_other_pads_stay_apart(mode, pads):
    """A Pad that is not SAME, or does not add zeros, stays."""
    assert check(padded(mode, 2, pads), {"x": noise(1, 3, 8, 8)})[-1] == "Conv"
    assert len(check(padded(mode, 2, pads), {"x": noise(1, 3, 8, 8)})) > 1


def test_attributes_are_written_out():
    """The emitter finds every attribute in the node."""
    graph, _ = node_graph("Conv", [noise(1, 3, 8, 8), noise(4, 3, 3, 3)])
    (conv,) = legalise(graph, samples=[]).graph.proto().graph.node
    written = {a.name: onnx.helper.get_attribute_value(a) for a in conv.attribute}
    assert written == {
        "kernel_shape": [3, 3], "strides": [1, 1], "dilations": [1, 1], "group": 1, "pads": [0, 0, 0, 0],
    }  # fmt: skip
