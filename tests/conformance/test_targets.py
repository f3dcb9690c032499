"""What counts as one operator of each target."""

import pytest

from tests.conformance import results, runner, wheel
from tests.conformance.runner import run_case
from tests.conformance.targets import COREML, COREML_FP16, TARGETS, TFLITE


def test_exact():
    """MIL has the operator."""
    assert run_case("test_relu", COREML).status == runner.EXACT


def test_exact_by_rewriting():
    """MIL has others that compute it."""
    assert run_case("test_mish", COREML).status == runner.REWRITTEN


def test_refused():
    """An operator that nothing converts, with its node in the message."""
    outcome = run_case("test_tfidfvectorizer_tf_only_bigrams_skip0", COREML)
    assert outcome.status == runner.REFUSED
    assert "node Y" in outcome.detail


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda t: t.name)
def test_structure(target):
    """Each target has a table and rules of its own."""
    found = results.structure(target)
    assert found["lowerings"]
    assert found["rules"]


def test_half_precision():
    """The package is an fp16 one: its own result is rounded, and islands are for the values it is tried on."""
    case = wheel.load("test_exp_example")
    feeds = runner._samples(case, COREML_FP16)
    assert len(feeds) == 3
    assert len(runner._samples(case, COREML)) == 1
    assert run_case("test_exp_example", COREML_FP16).status == runner.EXACT


def test_structures_differ():
    """The negative twin: a target's results are about its own converter."""
    one, other = (results.structure(target) for target in (TFLITE, COREML))
    assert one["lowerings"] != other["lowerings"]
