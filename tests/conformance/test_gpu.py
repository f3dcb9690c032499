"""Conformance on the GPU: what an outcome is called, and that the committed results are current and without a wrong one."""

import dataclasses

import numpy as np
import pytest

from mobilekit.errors import AcceleratorError
from mobilekit.runtimes.adapters import find_adapter
from mobilekit.runtimes.litert_gpu import GpuProcess
from tests.conformance import case_list, gpu, wheel

needs_gpu = pytest.mark.skipif(find_adapter().adapter is None, reason=f"no GPU: {find_adapter().reason}")
SAMPLE = (
    ("test_relu", gpu.ACCEPTED),
    ("test_averagepool_2d_pads", gpu.ACCEPTED),
    ("test_argmax_default_axis_example", gpu.PARTLY),
    ("test_tfidfvectorizer_tf_only_bigrams_skip0", gpu.NOT_CONVERTED),
)


@pytest.fixture(scope="module")
def process():
    """One process for all cases."""
    with GpuProcess(timeout_s=120) as process:
        yield process


def kept():
    """The committed outcomes by case."""
    return {case: found for each in gpu.committed()["operators"].values() for case, found in each.items()}


@needs_gpu
@pytest.mark.parametrize(("case", "status"), SAMPLE)
def test_a_sample_ends_as_the_committed_results_say(process, case, status):
    """`python -m tests.conformance.gpu` after a change of the GPU's forms."""
    assert gpu.run_case(case, process).status == status == gpu.status(kept()[case])


@needs_gpu
def test_wrong_is_noticed(process, monkeypatch):
    """Another expected output, which ONNX Runtime does not excuse."""
    case = wheel.load("test_relu")
    other = dataclasses.replace(case, expected={"y": case.expected["y"] + np.float32(1)})
    monkeypatch.setattr(wheel, "load", lambda name: other)
    monkeypatch.setattr(gpu.runner, "_reference", lambda path, feed: {})
    outcome = gpu.run_case("test_relu", process)
    assert (outcome.status, outcome.detail[:15]) == (gpu.WRONG, "output y: error")


def test_a_refusal_is_kept_with_its_reason(monkeypatch):
    """Without names of folders and values, which change."""

    class Refusing:
        def __init__(self, *arguments, **keywords):
            message = "LiteRT's GPU takes no operator of /tmp/x/model.tflite: ABS 'y': not today"
            raise AcceleratorError(message)

    monkeypatch.setattr(gpu, "GpuSession", Refusing)
    outcome = gpu.run_case("test_abs", None)
    assert (outcome.status, outcome.listed) == (gpu.REFUSED, "takes it")
    assert outcome.detail == "LiteRT's GPU takes no operator of …: ABS …: not today"


def test_the_results_are_about_the_list_and_these_forms():
    """Every case has an outcome; the GPU's rules are those that the results were made with."""
    assert sorted(kept()) == case_list.cases()
    assert gpu.committed()["structure"] == gpu.structure()


def test_nothing_is_accepted_and_wrong():
    """What the GPU takes of these cases it computes rightly."""
    assert [case for case, found in kept().items() if gpu.status(found) == gpu.WRONG] == []


def test_the_list_is_no_more_generous_than_the_gpu():
    """Where it refuses a case that its list takes, that is for tensors without elements or of no operator."""
    generous = [
        found for found in kept().values() if not isinstance(found, str) and found.get("list") == "takes it"
    ]
    assert len(generous) <= 20
