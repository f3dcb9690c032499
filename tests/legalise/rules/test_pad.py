"""Pad in all modes, with negative pads, axes and values."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check_node, more, node_graph, noise


def ints(*values):
    """An int64 vector."""
    return np.array(values, np.int64)


@given(
    mode=st.sampled_from(["constant", "reflect", "edge", "wrap"]),
    pads=st.tuples(*[st.integers(-2, 6)] * 4),
)
@more
def test_any_pad(mode, pads):
    """Narrow pads are slices, wide ones gathers, negative ones cut first."""
    sizes = [7 + min(pads[i], 0) + min(pads[i + 2], 0) for i in range(2)]
    assume(mode == "constant" or all(max(pads[i], pads[i + 2]) < sizes[i] for i in range(2)))
    full = ints(0, 0, *pads[:2], 0, 0, *pads[2:])
    value = np.float32(1.5) if mode == "constant" else None
    check_node("Pad", [noise(1, 2, 7, 7), full, value], mode=mode)


def test_narrow_reflection_is_slices_and_concat():
    """Two rows on each side: four slices and a Concat, no Gather."""
    ops = check_node("Pad", [noise(1, 2, 7, 7), ints(0, 0, 2, 0, 0, 0, 2, 0)], mode="reflect")
    assert ops == ["Slice"] * 4 + ["Concat"]


def test_wide_reflection_is_one_gather_per_axis():
    """Forty rows would be eighty slices."""
    ops = check_node("Pad", [noise(1, 2, 50, 50), ints(0, 0, 40, 40, 0, 0, 40, 40)], mode="reflect")
    assert ops == ["Gather", "Gather"]


def test_wrap_takes_blocks():
    """Wrapping copies one block per side, however wide."""
    ops = check_node("Pad", [noise(1, 2, 20, 7), ints(0, 0, 15, 0, 0, 0, 15, 0)], mode="wrap")
    assert ops == ["Slice", "Slice", "Concat"]


def test_axes_operand():
    """Pads of some axes only, one of them negative."""
    operands = [noise(1, 2, 7, 6), ints(1, 2, 3, 4), np.float32(-1), ints(-1, 2)]
    assert check_node("Pad", operands) == ["Pad"]


def test_integers_and_bools():
    """Pads of other element types."""
    check_node("Pad", [np.arange(6, dtype=np.int64).reshape(2, 3), ints(1, 0, 0, 1), np.int64(9)])


def test_no_pads_at_all():
    """Nothing is left but a copy of the input to the output."""
    assert check_node("Pad", [noise(2, 3), ints(0, 0, 0, 0)]) == ["Reshape"]


@pytest.mark.parametrize("pads", [(1, 0, 0, 1), (-1, 2, 1, -1)])
def test_a_value_computed_at_run_time(pads):
    """A constant mask chooses it where zeros were padded; a constant value needs none."""
    operands = [noise(2, 3), ints(*pads), np.array(3, np.float32)]
    assert "Where" in check_node("Pad", operands, runtime=(0, 2))
    assert "Where" not in check_node("Pad", operands)


@pytest.mark.parametrize("value", [None, np.float32(7)])
@pytest.mark.parametrize("runtime", [(0,), (0, 2)])
def test_negative_pads_beyond_the_tensor_leave_the_value(value, runtime):
    """Nothing of the tensor is left: the result is the pad value, known now or at run time."""
    pads = np.array([-3, 0, 5, 1])
    if value is None:
        ops = check_node("Pad", [noise(2, 3), pads])
    else:
        ops = check_node("Pad", [noise(2, 3), pads, np.array(value)], runtime=runtime)
    assert "Pad" not in ops


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge", "wrap"])
def test_six_axes(mode):
    """LiteRT pads up to five: axes are padded one by one."""
    pads = np.array([1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 1])
    ops = check_node("Pad", [noise(2, 3, 2, 2, 3, 2), pads], mode=mode)
    assert mode != "constant" or ops.count("Pad") == 5


def test_wrapping_further_than_the_tensor_is_refused():
    """ONNX Runtime returns memory it did not write there; up to the size it is right."""
    graph, _ = node_graph("Pad", [noise(2, 3), np.array([3, 0, 0, 0])], mode="wrap")
    with pytest.raises(UnsupportedOperatorError, match="node y: mode=wrap with pads"):
        legalise(graph, samples=[])
    check_node("Pad", [noise(2, 3), np.array([2, 0, 5, 0])], mode="wrap")
