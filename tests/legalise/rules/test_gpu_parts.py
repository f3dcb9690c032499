"""Parts of one Split that meet in an operator, and slopes outside 0 to 1."""

import pytest

from mobilekit.runtimes.litert_gpu import GpuProcess, availability
from tests.legalise.rules.gpu_support import one_node, rewritten, several, wrong_on_gpu
from tests.legalise.support import noise

SPLIT = "a, b = Split<axis=1, num_outputs=2>(x)"
MEETING = "net (float[1,8,8,8] x) => (float[1,4,8,8] y) {{ {split} y = {op}(a, b) }}"


def meeting(op, *, between=""):
    """Two halves of a map, the second through ``between``, in one operator."""
    text = MEETING.format(split=SPLIT + between, op=op)
    return several(text.replace("(a, b)", "(a, c)") if between else text, noise(1, 8, 8, 8) + 2.0)


@pytest.mark.parametrize("op", ["Sub", "Max", "Min", "Add", "Div"])
def test_parts_that_meet_are_slices(op):
    """Whatever the CPU has."""
    on_cpu, on_gpu = rewritten(meeting(op), tolerance=1e-6)
    assert "Split" in on_cpu
    assert "Split" not in on_gpu
    assert on_gpu.count("Slice") == 2


def test_parts_that_do_not_meet_stay_a_split():
    """With an operator between; products are right as they are."""
    assert "Split" in rewritten(meeting("Sub", between=" c = Sigmoid(b)"), tolerance=1e-6)[1]
    assert "Split" in rewritten(meeting("Mul"), tolerance=1e-6)[1]


@pytest.mark.parametrize(("alpha", "kept"), [(0.2, True), (1.5, False), (-0.5, False)])
def test_slopes_outside_0_to_1_are_arithmetic(alpha, kept):
    """The GPU computes max(x, slope·x)."""
    on_gpu = rewritten(one_node("LeakyRelu", noise(1, 4, 4, 4), alpha=alpha), tolerance=1e-6)[1]
    assert ("LeakyRelu" in on_gpu) is kept


@pytest.mark.skipif(not availability().available, reason=availability().detail)
def test_a_gpu_computes_them_right_and_the_forms_of_the_cpu_wrong():
    """Where the second part fails one day, the rules may go."""
    with GpuProcess() as process:
        for case in (meeting("Sub"), meeting("Max"), one_node("LeakyRelu", noise(1, 4, 4, 4), alpha=-0.5)):
            assert wrong_on_gpu(case, process) < 1e-5
            assert wrong_on_gpu(case, process, profile="tflite-cpu") > 0.01
