"""The GPU's forms on the GPU: what the CPU's form gets wrong there, these get right."""

import numpy as np
import pytest

from mobilekit.convert.tflite.api import draft
from mobilekit.convert.tflite.delegates.operators import operators_of_draft
from mobilekit.convert.tflite.delegates.predict import predict
from mobilekit.convert.tflite.delegates.published import published_lists
from mobilekit.legalise.pipeline import legalise
from mobilekit.runtimes.adapters import find_adapter
from mobilekit.runtimes.litert_gpu import GpuProcess
from tests.legalise.rules import test_gpu_batches, test_gpu_ranks, test_gpu_windows
from tests.legalise.rules.gpu_support import one_node, wrong_on_gpu
from tests.legalise.rules.test_gpu_groups import grouped
from tests.legalise.rules.test_gpu_values import backwards
from tests.legalise.support import noise

needs_gpu = pytest.mark.skipif(find_adapter().adapter is None, reason=f"no GPU: {find_adapter().reason}")

BATCHES, WINDOWS = (
    ("rank 2", "products, both spread"),
    ("rank 3", "infinite", "zeros, maximum", "sevens, average"),
)
CASES = {
    **{name: test_gpu_batches.LIFTED[name] for name in BATCHES},
    **{name: test_gpu_windows.CHANGED[name] for name in WINDOWS},
    "running sum": one_node("CumSum", noise(2, 3, 4), np.array(1), exclusive=1, reverse=1),
    "backwards": backwards((3, 6), 1),
    "groups": grouped(64, 64, 32),
    "power": one_node("Pow", noise(3, 4), np.float32(5)),
}


@pytest.fixture(scope="module")
def process():
    """One process for all files."""
    with GpuProcess(timeout_s=120) as process:
        yield process


@needs_gpu
def test_they_are_right_there(process):
    """Every one within 1e-4, and accepted whole."""
    errors = {name: wrong_on_gpu(case, process) for name, case in {**CASES, **test_gpu_ranks.CASES}.items()}
    assert {name: error for name, error in errors.items() if not error < 1e-4} == {}


@needs_gpu
def test_the_cpus_forms_are_wrong_there(process):
    """Why the forms exist. Where this fails a driver has been mended: see whether the rule is still needed."""
    errors = {name: wrong_on_gpu(case, process, profile="tflite-cpu") for name, case in CASES.items()}
    assert {name: error for name, error in errors.items() if error < 1e-3} == {}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_list_knows(case):
    """The published list has it that the GPU mistakes the CPU's form, and takes the GPU's whole."""
    predicted = {}
    for profile in ("tflite-cpu", "tflite-gpu"):
        legal = legalise(case[0], profile=profile, samples=[]).graph
        predicted[profile] = predict(
            operators_of_draft(draft(legal, precision="fp32")), published_lists()["gpu"]
        )
    assert any("computed wrongly" in refused.reason for refused in predicted["tflite-cpu"].refused)
    assert predicted["tflite-gpu"].whole, predicted["tflite-gpu"].refused
