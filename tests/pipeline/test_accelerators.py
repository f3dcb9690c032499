"""Files on the accelerators of their tiers: verified, refused, wrong, hanging, absent; bytes never change."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from mobilekit import resources
from mobilekit.artifact import digest_of_path
from mobilekit.cli.quality_text import quality_lines
from mobilekit.errors import AcceleratorError, BudgetError, UnsoundArtifactError, UsageError
from mobilekit.pipeline import package
from mobilekit.runtimes import litert_gpu, presence, qnn
from mobilekit.runtimes.acceleration import Refusal
from tests.pipeline.accelerator_support import Accelerators
from tests.pipeline.support import TARGET, project, write_target

GPU = TARGET.replace(
    'precision = "fp16"\naccelerators = ["cpu"]', 'precision = "fp16"\naccelerators = ["gpu", "cpu"]'
)
BUDGETS = """
[accelerators.gpu]
psnr_cpu_min = 60.0
[accelerators.npu]
psnr_float_loss_max = 1.5
"""
REAL = presence.accelerators_here
PRELU = Refusal(operator="b", kind="PRELU", reason="its slope has another shape")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with a project, whose tiers name the NPU and the GPU."""
    monkeypatch.chdir(tmp_path)
    write_target(project(tmp_path), GPU + BUDGETS)
    return tmp_path


def _package(**keywords):
    return package(**{"target": "mine.toml", "photos": "photos", "store": "store", **keywords})


def _tiers(folder: Path) -> dict:
    report = json.loads((folder / "dist/mine/report.json").read_text())
    jsonschema.validate(report, json.loads(resources.report_schema().read_text()))
    return report["tiers"]


def _shown(tier: dict) -> str:
    return "\n".join(quality_lines(tier))


def test_a_file_is_verified_on_what_is_there(here, monkeypatch) -> None:
    """The GPU runs the file, the NPU its twin; figures, samples and devices are in report and summary."""
    devices = Accelerators(monkeypatch)
    _package()
    tiers = _tiers(here)
    assert devices.opened == [("npu", "model.qdq.onnx"), ("gpu", "model.tflite")]
    best, rest = tiers["best"], tiers["rest"]
    assert (best["verified_on"], best["not_verified_here"]) == (["npu", "cpu"], [])
    assert (rest["verified_on"], rest["not_verified_here"]) == (["gpu", "cpu"], [])
    (npu,), (gpu,) = best["accelerators"], rest["accelerators"]
    assert (npu["twin"], gpu["twin"]) == ("onnx-qdq", None)
    assert (gpu["whole"], gpu["operators"], gpu["precision"]) == (True, 5, "fp32")
    assert gpu["samples"] == ["01.png"]
    assert gpu["outputs"][0]["psnr_vs_cpu"]["worst"] is None
    assert npu["outputs"][0]["psnr_vs_float"]["worst"] > 15.0
    assert "verified on gpu (a device, software): all 5 operators; identical against the CPU" in _shown(rest)
    assert "verified on npu (a device, software, as its onnx-qdq twin)" in _shown(best)


def test_a_float_file_has_a_float_twin(here, monkeypatch) -> None:
    """An NPU computes it in float16, which may overflow: that is seen."""
    text = GPU.replace('["gpu", "cpu"]', '["npu", "cpu"]')
    write_target(here, text)
    devices = Accelerators(monkeypatch, names=("npu",))
    _package(tiers=["rest"])
    assert devices.opened == [("npu", "model.qdq.onnx")]
    assert _tiers(here)["rest"]["verified_on"] == ["npu", "cpu"]


def test_a_second_build_checks_nothing_again(here, monkeypatch) -> None:
    """Another device does; the tiers themselves stay as they are."""
    devices = Accelerators(monkeypatch)
    _package()
    count = len(devices.opened)
    assert _package().cached
    assert len(devices.opened) == count
    devices.adapter = "another device"
    assert _package().cached
    assert len(devices.opened) == 2 * count


def test_what_is_published_does_not_depend_on_accelerators(here, monkeypatch) -> None:
    """With, without, and unasked: the same bytes but for the report."""
    _package(out="without")
    Accelerators(monkeypatch)
    _package(out="with")
    _package(out="unasked", verify="cpu")
    found = [
        {p.relative_to(here / out): digest_of_path(p) for p in (here / out).rglob("*") if p.is_file()}
        for out in ("without", "with", "unasked")
    ]
    for each in found:
        del each[Path("mine/report.json")]
    assert found[0] == found[1] == found[2]


def test_what_is_not_there_is_said_with_what_to_install(here, monkeypatch) -> None:
    """And so is a check that nobody asked for."""
    Accelerators(monkeypatch, names=())
    _package()
    rest = _tiers(here)["rest"]
    assert (rest["verified_on"], rest["not_verified_here"]) == (["cpu"], ["gpu"])
    assert "not verified here: gpu: not installed: install it" in _shown(rest)
    Accelerators(monkeypatch)
    _package(verify="cpu")
    assert "not verified here: gpu: --verify cpu" in _shown(_tiers(here)["rest"])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (np.zeros_like, "output picture: all zero"),
        (lambda value: np.full_like(value, np.nan), r"NaN or infinite in 100\.00%"),
        (lambda value: value + 0.05, r"dB against the CPU, 60 expected"),
    ],
    ids=["zeros", "nan", "off"],
)
def test_a_wrong_result_fails_the_build(here, monkeypatch, change, text) -> None:
    """With tier, device, output and figures, and nothing published."""
    Accelerators(monkeypatch, names=("gpu",)).change = change
    with pytest.raises(
        BudgetError, match=rf"(?s)tier rest .* outside its budget on gpu \(a device\).*{text}"
    ) as caught:
        _package()
    assert "--verify cpu" in caught.value.hint
    assert not (here / "dist/mine").exists()


def test_a_file_with_integers_may_round_differently_but_not_be_worse(here, monkeypatch) -> None:
    """A step of the output is nothing, an offset is."""
    devices = Accelerators(monkeypatch, names=("npu",))
    devices.change = lambda value: value + 0.002
    _package()
    devices.change = lambda value: value + 0.3
    devices.adapter = "another device"
    with pytest.raises(BudgetError, match=r"dB against the float model, .* on the CPU, 1.5 dB less at most"):
        _package()


def test_refused_operators_are_a_stated_fallback(here, monkeypatch) -> None:
    """Where the tier names an accelerator after it; the report and the summary have operator and reason."""
    Accelerators(monkeypatch, names=("gpu",)).refused = (PRELU,)
    _package()
    rest = _tiers(here)["rest"]
    assert rest["accelerators"][0]["refused"] == [
        {"operator": "b", "kind": "PRELU", "reason": "its slope has another shape"}
    ]
    assert "4 of 5 operators (it refuses PRELU)" in _shown(rest)
    assert any("PRELU 'b' (its slope has another shape)" in line for line in rest["warnings"])


@pytest.mark.parametrize(
    "text",
    [
        GPU.replace('["gpu", "cpu"]', '["gpu"]') + BUDGETS,
        GPU + BUDGETS.replace("psnr_cpu_min", "whole = true\npsnr_cpu_min"),
        GPU.replace('["gpu", "cpu"]', '["gpu", "cpu"]\naccelerator_budgets = { gpu = { whole = true } }')
        + BUDGETS,
    ],
    ids=["alone", "by the target", "by the tier"],
)
def test_refused_operators_fail_where_all_must_run(here, monkeypatch, text) -> None:
    """A tier without anything to fall back on, or a target that says so."""
    write_target(here, text)
    Accelerators(monkeypatch, names=("gpu",)).refused = (PRELU,)
    with pytest.raises(BudgetError, match=r"4 of 5 operators, it refuses PRELU 'b' .*; all of them expected"):
        _package()


def test_a_file_that_is_refused_altogether(here, monkeypatch) -> None:
    """Is left to the next accelerator, and said to be; where there is none, the build fails."""
    devices = Accelerators(monkeypatch, names=("gpu",))
    devices.error = AcceleratorError("it takes no operator of the file", cause="refused")
    _package()
    rest = _tiers(here)["rest"]
    assert rest["not_verified_here"] == ["gpu"]
    assert rest["accelerators"][0]["refused"] is True
    assert any(
        "it takes no operator of the file; the file is for the next accelerator" in w
        for w in rest["warnings"]
    )
    write_target(here, GPU.replace('["gpu", "cpu"]', '["gpu"]'))
    with pytest.raises(BudgetError, match="it takes no operator"):
        _package()


def test_a_hang_is_said_and_a_crash_is_an_error(here, monkeypatch) -> None:
    """Software may be too slow; what crashes here would take the app along."""
    devices = Accelerators(monkeypatch, names=("gpu",))
    devices.error = AcceleratorError("it did not finish within 300 s", cause="hung")
    _package()
    assert "not verified here: gpu: it did not finish within 300 s" in _shown(_tiers(here)["rest"])
    devices.error = AcceleratorError("it crashed (SIGABRT)", hint="use the CPU")
    with pytest.raises(AcceleratorError, match=r"tier rest of target mine: it crashed \(SIGABRT\)") as caught:
        _package()
    assert caught.value.hint == "use the CPU; --verify cpu builds without this check, and the report says so"


def test_the_operator_that_a_gpu_computes_wrongly_is_named(here, monkeypatch) -> None:
    """Where all is wrong, the first; an NPU shows nothing in between."""
    Accelerators(monkeypatch, names=("gpu",)).change = np.zeros_like
    with pytest.raises(BudgetError, match="the first wrong operator is CONV_2D 'a'"):
        _package()


@pytest.mark.parametrize("cause", ["refused", "hung", ""])
def test_messages_have_the_file_without_its_place_in_the_store(here, monkeypatch, cause) -> None:
    """Reports and summaries go to people who have not this machine."""
    Accelerators(monkeypatch, names=("gpu",)).error = AcceleratorError("it takes not {path}: no", cause=cause)
    if cause:
        _package()
        said = _shown(_tiers(here)["rest"])
    else:
        with pytest.raises(AcceleratorError) as caught:
            _package()
        said = caught.value.message
    assert "it takes not model.tflite: no" in said


@pytest.mark.skipif(not litert_gpu.availability().available, reason=litert_gpu.availability().detail)
def test_a_real_gpu_takes_the_float_file(here, monkeypatch) -> None:
    """Whole, and as the CPU computes it; a software one too."""
    monkeypatch.setattr(presence, "accelerators_here", REAL)
    _package(tiers=["rest"])
    (gpu,) = _tiers(here)["rest"]["accelerators"]
    assert (gpu["verified"], gpu["whole"]) == (True, True)
    assert (
        gpu["outputs"][0]["psnr_vs_cpu"]["worst"] is None or gpu["outputs"][0]["psnr_vs_cpu"]["worst"] > 70.0
    )


@pytest.mark.skipif(not qnn.availability().available, reason=qnn.availability().detail)
def test_qualcomms_htp_takes_the_twin_of_the_integer_file(here, monkeypatch) -> None:
    """Whole, and as near to the float model as LiteRT's."""
    monkeypatch.setattr(presence, "accelerators_here", REAL)
    _package(tiers=["best"])
    (npu,) = _tiers(here)["best"]["accelerators"]
    assert (npu["verified"], npu["whole"], npu["twin"]) == (True, True, "onnx-qdq")
    output = npu["outputs"][0]
    assert output["psnr_vs_float"]["worst"] > output["cpu_psnr_vs_float"]["worst"] - 1.5


def test_no_device_and_a_broken_driver_are_said(here, monkeypatch) -> None:
    """A Vulkan driver that is not there is no GPU: the build goes on, on the CPU."""
    monkeypatch.setattr(presence, "accelerators_here", REAL)
    monkeypatch.setenv("VK_DRIVER_FILES", str(here / "nothing.json"))
    _package(tiers=["rest"])
    rest = _tiers(here)["rest"]
    assert rest["not_verified_here"] == ["gpu"]
    assert "no" in rest["accelerators"][0]["reason"]


def test_results_that_a_gpu_throws_away_are_an_error(here, monkeypatch) -> None:
    """Of the file, with its tier; the first operator that it happens at is named."""
    devices = Accelerators(monkeypatch, names=("gpu",))
    devices.error = UnsoundArtifactError("it computed nothing", hint="use the CPU")
    with pytest.raises(UnsoundArtifactError, match="tier rest of target mine: it computed nothing") as caught:
        _package()
    assert caught.value.hint.startswith("use the CPU; --verify cpu")


def test_verify_is_cpu_or_all(here) -> None:
    """Anything else is a mistake."""
    with pytest.raises(UsageError, match="verify is 'gpu'"):
        _package(verify="gpu")
