"""Depthwise convolutions of more than 25 taps become a sum of smaller ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.legalise.pipeline import legalise
from mobilekit.legalise.rules.conv_depthwise import best_tile
from tests.legalise.support import check_node, check_node_file, few, node_graph, noise, operators

IN_THREE = ["Pad", "Slice", "Conv", "Slice", "Conv", "Add", "Slice", "Conv", "Add"]


def depthwise(*kernel, channels=4, outputs=None, size=(9, 10)):
    """Operands of a biased Conv with a group per channel."""
    outputs = outputs or channels
    return [noise(2, channels, *size), noise(outputs, 1, *kernel, seed=1), noise(outputs, seed=2)]


@given(
    kernel=st.tuples(st.integers(4, 11), st.integers(7, 9)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 2)),
    dilations=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    pads=st.tuples(*[st.integers(0, 4)] * 4),
)
@few
def test_any_large_kernel_computes_the_same(kernel, strides, dilations, pads):
    """Every size, stride, dilation and padding: pieces of at most 25 taps, in LiteRT."""
    operands = depthwise(*kernel, size=(21, 19))
    attributes = {"strides": strides, "dilations": dilations, "pads": pads, "group": 4}
    ops = check_node_file("Conv", operands, **attributes)
    assert ops.count("Conv") > 1
    assert ops.count("Add") == ops.count("Conv") - 1


def test_seven_by_seven_is_three_pieces():
    """Three, three and one row, of an input that is padded once; the bias is in the first."""
    ops = check_node_file("Conv", depthwise(7, 7), pads=[3] * 4, group=4)
    assert sorted(ops) == sorted(IN_THREE)


@pytest.mark.parametrize("mode", ["SAME_UPPER", "SAME_LOWER", "VALID"])
def test_auto_pad(mode):
    """Pads that are told by a mode."""
    assert check_node("Conv", depthwise(8, 7), auto_pad=mode, group=4, strides=[2, 2]).count("Conv") > 1


def test_one_dimension():
    """A row of 31 taps, as speech models have them."""
    operands = [noise(1, 4, 40), noise(4, 1, 31, seed=1), noise(4, seed=2)]
    assert check_node_file("Conv", operands, pads=[15, 15], group=4).count("Conv") == 2


@pytest.mark.parametrize(
    ("operands", "group"),
    [
        (depthwise(5, 5), 4),
        (depthwise(7, 7, outputs=8), 4),
        ([noise(1, 4, 9, 9), noise(4, 2, 7, 7, seed=1)], 2),
        ([noise(1, 4, 9, 9), noise(4, 4, 7, 7, seed=1)], 1),
        ([noise(1, 1, 9, 9), noise(1, 1, 7, 7, seed=1)], 1),
    ],
)
def test_what_stays_whole(operands, group):
    """25 taps, several outputs per channel (no faster in pieces), and what is not depthwise."""
    assert check_node("Conv", operands, group=group) == ["Conv"]


def test_a_gpu_convolves_at_once():
    """The GPU's profile keeps the kernel whole."""
    graph, _ = node_graph("Conv", depthwise(7, 7), group=4)
    assert operators(legalise(graph, profile="tflite-gpu", samples=[]).graph) == ["Conv"]


@pytest.mark.parametrize(
    ("kernel", "tile"), [((7, 7), (3, 7)), ((5, 7), (3, 7)), ((9, 9), (5, 5)), ((1, 31), (1, 25))]
)
def test_pieces_are_the_cheapest(kernel, tile):
    """What was measured to be fastest, or within 10 per cent of it."""
    assert best_tile(*kernel) == tile
