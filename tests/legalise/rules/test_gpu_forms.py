"""The GPU's forms on the GPU: what the CPU's form gets wrong there, these get right."""

import numpy as np
import pytest

from mobilekit.runtimes.adapters import find_adapter
from mobilekit.runtimes.litert_gpu import GpuProcess
from tests.legalise.rules import test_gpu_batches, test_gpu_windows
from tests.legalise.rules.gpu_support import one_node, wrong_on_gpu
from tests.legalise.rules.test_gpu_groups import grouped
from tests.legalise.support import noise

pytestmark = pytest.mark.skipif(find_adapter().adapter is None, reason=f"no GPU: {find_adapter().reason}")

BATCHES, WINDOWS = (
    ("rank 2", "products, both spread"),
    ("rank 3", "infinite", "zeros, maximum", "sevens, average"),
)
CASES = {
    **{name: test_gpu_batches.LIFTED[name] for name in BATCHES},
    **{name: test_gpu_windows.CHANGED[name] for name in WINDOWS},
    "groups": grouped(64, 64, 32),
    "power": one_node("Pow", noise(3, 4), np.float32(5)),
}


@pytest.fixture(scope="module")
def process():
    """One process for all files."""
    with GpuProcess(timeout_s=120) as process:
        yield process


def test_they_are_right_there(process):
    """Every one within 1e-4, and accepted whole."""
    errors = {name: wrong_on_gpu(case, process) for name, case in CASES.items()}
    assert {name: error for name, error in errors.items() if not error < 1e-4} == {}


def test_the_cpus_forms_are_wrong_there(process):
    """Why the forms exist. Where this fails a driver has been mended: see whether the rule is still needed."""
    errors = {name: wrong_on_gpu(case, process, profile="tflite-cpu") for name, case in CASES.items()}
    assert {name: error for name, error in errors.items() if error < 1e-3} == {}
