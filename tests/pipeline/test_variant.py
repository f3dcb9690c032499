"""The fallback converter: only when asked for, only for what the table lacks, judged like our own files."""

from __future__ import annotations

import pytest

from mobilekit.errors import ConversionDisagreementError, UnsupportedOperatorError, UsageError
from mobilekit.pipeline import convert, variant
from tests.pipeline.support import INPUTS, tiny_model, write_model


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """A model that our table refuses, with onnx2tf replaced by `answer(bytes)`."""
    model = write_model(tmp_path)
    other = write_model(tmp_path, tiny_model(seed=3), "other.onnx")
    files = {
        path.stem: convert(path, out=tmp_path / "files", inputs=INPUTS).path.read_bytes()
        for path in (model, other)
    }
    asked: list[dict] = []

    def refuse(_opened):
        message = "no exact form for Odd"
        raise UnsupportedOperatorError(message)

    def answer(name: str):
        def converter(_source, **keywords):
            asked.append(keywords)
            return files[name]

        monkeypatch.setattr(variant, "convert_with_onnx2tf", converter)
        return asked

    monkeypatch.setattr(variant, "prepare", refuse)
    return model, answer


def _convert(model, **keywords):
    return convert(model, out=model.parent / "build", inputs=INPUTS, **keywords)


def test_not_without_being_asked_for(refused):
    """The refusal is passed on."""
    model, answer = refused
    asked = answer("tiny")
    with pytest.raises(UnsupportedOperatorError):
        _convert(model)
    assert asked == []


def test_file_of_the_fallback_is_published_and_named(refused):
    """The artifact says who made it; the interpreter is handed on."""
    model, answer = refused
    asked = answer("tiny")
    assert _convert(model, fallback="onnx2tf:/some/python").meta["converter"] == "onnx2tf"
    assert asked[0]["python"] == "/some/python"
    assert _convert(model, fallback="onnx2tf").meta["scheme"] == "fp32"
    assert asked[1]["python"] is None


def test_file_that_computes_something_else_is_refused(refused):
    """The self-check judges it as it judges ours."""
    model, answer = refused
    answer("other")
    with pytest.raises(ConversionDisagreementError, match="onnx2tf"):
        _convert(model, fallback="onnx2tf")


def test_int8_has_no_fallback(refused):
    """Static int8 needs our graph and plan."""
    model, answer = refused
    answer("tiny")
    with pytest.raises(UnsupportedOperatorError):
        _convert(model, fallback="onnx2tf", precision="int8-dynamic")


def test_unknown_fallback(refused):
    """Only onnx2tf, with or without an interpreter."""
    with pytest.raises(UsageError, match="onnx2tf:/path/to/python"):
        _convert(refused[0], fallback="tensorflow")
