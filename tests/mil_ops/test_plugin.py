"""The plugin tells right, wrong, failing, skipped and silent cases apart."""

import json
import os
import sys
import types

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from tests.mil_ops import oracle, plugin, statuses

_FILE = """
import pytest
from coremltools_stand_in import compare

def test_right(): compare(1.0)
def test_wrong(): compare(2.0)
def test_wrong_after_right(): compare(1.0); compare(2.0)
def test_refused(): compare("refuse")
def test_asks_for_a_refusal():
    with pytest.raises(RuntimeError, match="Unable to compute the prediction"): compare("refuse")
def test_swallows_a_difference():
    with pytest.raises(AssertionError, match="Not equal"): compare(2.0)
def test_silent(): pass
def test_failed(): raise KeyError("x")
def test_failed_after_right(): compare(1.0); raise KeyError("x")
def test_skipped(): pytest.skip("no torch")

@pytest.mark.xfail(reason="rdar")
def test_expected_to_fail_and_wrong(): compare(2.0)

@pytest.mark.xfail(reason="rdar")
def test_expected_to_fail_and_right(): compare(1.0)

@pytest.mark.xfail(strict=True, reason="rdar")
def test_strictly_expected_to_fail_and_right(): compare(1.0)
"""


def specification() -> types.SimpleNamespace:
    """What the plugin reads of a converted model: an ML program, here without functions."""
    return types.SimpleNamespace(mlProgram=types.SimpleNamespace(functions={}))


def predict(mlmodel, inputs, state):
    """The evaluator: its output is 1, unless the inputs ask for a typed error."""
    if inputs["x"] == "refuse":
        message = "no such index"
        raise UnsupportedOperatorError(message)
    return {"y": np.array([1.0], np.float32)}


@pytest.fixture
def found(tmp_path, monkeypatch):
    """Statuses by case of the file above; the evaluator's output is 1."""
    monkeypatch.setattr(oracle, "predict", predict)
    events: list[dict] = []
    recorder = plugin.Recorder(lambda event: events.append(json.loads(json.dumps(event))))
    stand_in = types.ModuleType("coremltools_stand_in")
    stand_in.compare = lambda value: recorder.compare(
        mlmodel=types.SimpleNamespace(get_spec=specification),
        input_key_values={"x": value},
        expected_outputs={"y": np.array([2.0 if value == "refuse" else value])},
        dtype="fp32",
    )
    monkeypatch.setitem(sys.modules, "coremltools_stand_in", stand_in)
    path = tmp_path / "test_stand_in.py"
    path.write_text(_FILE, encoding="utf-8")
    quiet = ["-q", "-p", "no:cacheprovider", "-c", os.devnull, "--import-mode=importlib"]
    pytest.main([*quiet, f"--rootdir={tmp_path}", str(path)], [recorder])
    return {e["case"].rpartition("::test_")[2]: (e["status"], e["detail"]) for e in events if "case" in e}


def test_statuses(found):
    """Only what was compared and equal throughout is right; what else happened is kept."""
    assert {name: status for name, (status, _) in found.items()} == {
        "right": statuses.RIGHT,
        "wrong": statuses.WRONG,
        "wrong_after_right": statuses.WRONG,
        "refused": statuses.WRONG,
        "asks_for_a_refusal": statuses.RIGHT,
        "swallows_a_difference": statuses.WRONG,
        "silent": statuses.NOTHING,
        "failed": statuses.FAILED,
        "failed_after_right": statuses.FAILED,
        "skipped": statuses.SKIPPED,
        "expected_to_fail_and_wrong": statuses.SKIPPED,
        "expected_to_fail_and_right": statuses.RIGHT,
        "strictly_expected_to_fail_and_right": statuses.RIGHT,
    }
    assert found["wrong"][1] == "output y: error 1, allowed 0.002"
    assert found["refused"][1] == "UnsupportedOperatorError: no such index"
    assert "KeyError" in found["failed"][1]
    assert found["skipped"][1] == "Skipped: no torch"
    assert (
        found["expected_to_fail_and_wrong"][1] == "expected to fail: rdar; output y: error 1, allowed 0.002"
    )
