"""What the runner calls right, refused, wrong or a crash."""

import dataclasses

import numpy as np
import pytest

import mobilekit
from mobilekit.errors import ConversionDisagreementError, UnsupportedOperatorError
from tests.conformance import runner, wheel
from tests.conformance.runner import run_case


def test_exact():
    """An operator that TFLite has."""
    assert run_case("test_relu").status == runner.EXACT


def test_exact_by_rewriting():
    """An operator that TFLite does not have."""
    assert run_case("test_asinh").status == runner.REWRITTEN


def test_refused():
    """An operator that nothing converts, with its node in the message."""
    outcome = run_case("test_tfidfvectorizer_tf_only_bigrams_skip0")
    assert outcome.status == runner.REFUSED
    assert "node Y" in outcome.detail


def test_wrong(monkeypatch):
    """A case whose expected output is another one is noticed, and is not excused by ONNX Runtime."""
    case = wheel.load("test_relu")
    other = dataclasses.replace(case, expected={"y": case.expected["y"] + np.float32(1)})
    monkeypatch.setattr(wheel, "load", lambda name: other)
    monkeypatch.setattr(runner, "_reference", lambda path, feed: {})
    outcome = run_case("test_relu")
    assert outcome.status == runner.WRONG
    assert "output y: error 1" in outcome.detail


def test_wrong_on_other_values(monkeypatch):
    """A file that is right on the case's own values only is wrong."""
    monkeypatch.setattr(runner, "_reference", lambda path, feed: {"y": np.zeros((3, 4, 5), np.float32)})
    outcome = run_case("test_relu")
    assert outcome.status == runner.WRONG
    assert "on other values" in outcome.detail


def test_whom_the_file_follows(monkeypatch):
    """Where ONNX Runtime and the expected output disagree, the outcome says so."""
    case = wheel.load("test_relu")
    other = dataclasses.replace(case, expected={"y": case.expected["y"] + np.float32(1)})
    monkeypatch.setattr(wheel, "load", lambda name: other)
    assert run_case("test_relu").follows == "ONNX Runtime"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnsupportedOperatorError("no exact form for Relu, opset 14, node y: because"), runner.REFUSED),
        (UnsupportedOperatorError("LiteRT cannot execute model.tflite"), runner.UNNAMED),
        (ConversionDisagreementError("node y differs"), runner.SELF_CHECK),
        (ValueError("a traceback"), runner.CRASH),
    ],
)
def test_errors(monkeypatch, error, status):
    """Only a typed error that names a node is a refusal; a failed self-check never is."""

    def convert(*arguments, **keywords):
        raise error

    monkeypatch.setattr(mobilekit, "convert", convert)
    assert run_case("test_relu").status == status
