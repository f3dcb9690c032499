"""The columns and the section about accelerators, from results."""

import json

import pytest

from tests.conformance import accelerators

GPU = {
    "device": "Soft",
    "tools": {"onnx": "1"},
    "operators": {
        "Abs": {"a": "accepted", "b": "accepted"},
        "Neg": {
            "a": "accepted",
            "b": {"status": "refused", "detail": "X takes no operator of …: NEG …: no <64> bits; NEG …: b"},
            "c": {"status": "in part", "detail": "CAST: Tensor type(INT64) is not supported."},
            "d": {"status": "not converted", "detail": "no lowering"},
        },
    },
}
HTP = {
    "device": "SM",
    "tools": {},
    "operators": {"Abs": {"a": {"fp16": "accepted", "int8": {"status": "inexact", "detail": "3 steps"}}}},
}


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Results of the GPU, and of HTP when asked for."""

    def results(*, htp):
        for name, content in (("gpu", GPU), *((("htp", HTP),) if htp else ())):
            (tmp_path / f"{name}.json").write_text(json.dumps(content))
        (tmp_path / "all.json").write_text(
            json.dumps({"operators": {"Abs": {"a": "", "b": ""}, "Neg": dict.fromkeys("abcd")}})
        )
        monkeypatch.setattr(accelerators, "_ALL", tmp_path / "all.json")
        monkeypatch.setattr(accelerators, "_GPU", tmp_path / "gpu.json")
        monkeypatch.setattr(accelerators, "_HTP", tmp_path / "htp.json")

    return results


def test_columns(results):
    """How many cases of each operator are accepted, of how many; nothing for what was not run."""
    results(htp=False)
    assert accelerators.columns() == {"GPU accepts": {"Abs": "2", "Neg": "1 of 4"}}
    results(htp=True)
    assert accelerators.columns()["HTP accepts, fp16"] == {"Abs": "1 of 1"}
    assert accelerators.columns()["HTP accepts, int8"] == {"Abs": "0 of 1"}


def test_the_section_tells_device_share_and_reasons(results):
    """Who ran it, how much was right, and why the rest was not."""
    results(htp=True)
    text = accelerators.section()
    assert "### GPU: Soft" in text
    assert (
        "**3 of 6 cases accepted and right (50.0 %)**: 3 accepted, 1 in part, 1 not converted, 1 refused."
        in text
    )
    assert "| Neg | 2 | CAST: Tensor type(INT64) is not supported.; NEG: no \\<64> bits |" in text
    assert "* int8: **0 of 1 cases" in text
    assert "| Abs | 1 | inexact: 3 steps |" in text


def test_without_results_there_is_no_section(tmp_path, monkeypatch):
    """Nothing is claimed that was not run."""
    monkeypatch.setattr(accelerators, "_GPU", tmp_path / "none")
    monkeypatch.setattr(accelerators, "_HTP", tmp_path / "none")
    assert accelerators.columns() == {}
    assert accelerators.section() == ""


def test_what_another_run_says_otherwise_is_left_out() -> None:
    """Times, process numbers and the numbers of partitions are, and what is too long; other numbers stay."""
    assert accelerators.brief(
        "said: E0000 00:00:1795282690.930440 21490 environment.cc:105] 3  axes", 80
    ) == ("said: environment.cc:105] 3 axes")
    assert accelerators.brief("QNNExecutionProvider_15229_1 node 7", 80) == "QNNExecutionProvider_ node 7"
    assert accelerators.brief("some words", 6) == "some…"
