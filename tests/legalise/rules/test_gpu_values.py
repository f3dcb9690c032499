"""Powers of negative numbers, and indices of 64 bits."""

import numpy as np
import pytest

from mobilekit.legalise.pipeline import legalise
from tests.legalise.rules.gpu_support import one_node, rewritten, several
from tests.legalise.support import noise

EXPONENTS = np.array([[2, 5, 3, 4]], np.float32)


@pytest.mark.parametrize(
    "case",
    [
        one_node("Pow", noise(3, 4), np.float32(5)),
        one_node("Pow", noise(3, 4), np.float32(4)),
        one_node("Pow", noise(3, 4), np.float32(-3)),
        one_node("Pow", noise(3, 4), EXPONENTS),
        one_node("Pow", noise(3, 4), np.tile(EXPONENTS, (3, 1)), runtime=(0, 1)),
    ],
    ids=["odd", "even", "negative", "several", "computed"],
)
def test_powers_of_negative_numbers(case):
    """By the absolute value, with its sign again where the exponent is odd."""
    on_gpu = rewritten(case, tolerance=1e-5)[1]
    assert on_gpu.index("Abs") < on_gpu.index("Pow")


@pytest.mark.parametrize(
    "case",
    [
        one_node("Pow", noise(3, 4), np.float32(2)),
        one_node("Pow", noise(3, 4), np.float32(3)),
        several(
            "net (float[3,4] x) => (float[3,4] y) { a = Abs(x) y = Pow(a, E) }", noise(3, 4), E=np.float32(5)
        ),
        one_node("Pow", np.abs(noise(3, 4)), np.float32(0.5)),
    ],
    ids=["square", "cube", "of nothing negative", "a root"],
)
def test_powers_that_it_computes_stay(case):
    """It multiplies for small ones; roots have no negative numbers."""
    on_cpu, on_gpu = rewritten(case)
    assert on_cpu == on_gpu


def test_indices_become_32_bits():
    """Where a Cast makes them of other numbers; an input of 64 bits stays one."""
    text = "net (float[2] x) => (float[2,5] y) { a = Abs(x) i = Cast<to=7>(a) y = Gather<axis=0>(T, i) }"
    case = several(text, np.array([2.0, 0.0], np.float32), T=noise(3, 5))
    rewritten(case)
    proto = legalise(case[0], profile="tflite-gpu", samples=[]).graph.proto()
    assert [a.i for node in proto.graph.node if node.op_type == "Cast" for a in node.attribute] == [6]
    given = one_node("Gather", noise(3, 5), np.array([2, 0]), runtime=(1,), axis=0)
    assert rewritten(given)[0] == rewritten(given)[1]


@pytest.mark.parametrize("shape", [(5,), (2, 3, 4), (2, 3, 4, 5)])
@pytest.mark.parametrize(("exclusive", "reverse"), [(1, 0), (0, 1), (1, 1)])
def test_running_sums_of_other_kinds(shape, exclusive, reverse):
    """They are written with inclusive ones forwards, and give the very same numbers."""
    for axis in range(len(shape)):
        case = one_node("CumSum", noise(*shape), np.array(axis), exclusive=exclusive, reverse=reverse)
        rewritten(case)
        proto = legalise(case[0], profile="tflite-gpu", samples=[]).graph.proto()
        (total,) = [node for node in proto.graph.node if node.op_type == "CumSum"]
        assert not any(a.i for a in total.attribute)


def backwards(shape, axis):
    """An axis turned around."""
    limits = (np.array([shape[axis] - 1]), np.array([-shape[axis] - 1]), np.array([axis]), np.array([-1]))
    return one_node("Slice", noise(*shape), *limits)


@pytest.mark.parametrize(
    ("shape", "axis", "op"),
    [
        ((1, 6), 1, "Gather"),
        ((1, 6, 4, 3), 1, "Gather"),
        ((1, 6, 4, 3), 3, "Slice"),
        ((1, 6, 3, 5), 2, "Slice"),
        ((1, 8), 1, "Slice"),
    ],
)
def test_axes_turned_around(shape, axis, op):
    """By numbers where they may be channels in odd fours; else as the CPU does."""
    assert rewritten(backwards(shape, axis)) == (["Slice"], [op])


@pytest.mark.parametrize(
    ("shape", "axis", "filled"),
    [
        ((3, 5), 1, True),
        ((1, 5, 4, 4), 1, True),
        ((1, 4, 3, 6), 3, True),
        ((3, 8), 1, False),
        ((1, 4, 5, 4), 2, False),
    ],
)
def test_the_greatest_among_channels(shape, axis, filled):
    """Fours are filled up with the lowest number where they may be channels; the same index is found."""
    for op, operands in (("ArgMax", []), ("TopK", [np.array([2])])):
        outputs = ("y", "z") if operands else ("y",)
        case = one_node(op, -np.abs(noise(*shape)), *operands, axis=axis, outputs=outputs)
        on_cpu, on_gpu = rewritten(case)
        among_fours = (
            filled if op == "ArgMax" else shape[axis] % 4 > 0
        )  # TopK is of the last axis, transposed to it
        assert on_gpu.count("Pad") - on_cpu.count("Pad") == among_fours


def test_zero_without_a_sign():
    """A negative zero is added to zero before its arc tangent is taken."""
    assert rewritten(one_node("Atan", np.array([-0.0, 1.0], np.float32)))[1] == ["Add", "Atan"]


def test_the_greatest_of_many_axes_stays():
    """The GPU refuses them, and the CPU could not pad them."""
    for case in (
        one_node("ArgMax", noise(1, 2, 1, 2, 2, 3), axis=5),
        one_node("CumSum", noise(1, 2, 1, 2, 2, 3), np.array(5), exclusive=1),
    ):
        on_cpu, on_gpu = rewritten(case)
        assert on_cpu == on_gpu
