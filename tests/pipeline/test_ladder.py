"""From rung to rung: plain int8, int8 with some float, the next precision; all of it reported."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import onnx
import pytest

import mobilekit
from mobilekit import pipeline
from mobilekit.errors import BudgetError
from mobilekit.package.manifest import SCHEMA_FOLDER
from mobilekit.pipeline.ladder import may_search
from mobilekit.target import Budget
from tests.pipeline.support import write_config, write_model, write_photos, write_target
from tests.plan.outlier import outlier_text, outlier_weights

TARGET = """\
name = "mine"
format = "tflite"
[budgets.fp16]
psnr_mean = 50.0
[[tiers]]
name = "only"
precision = "int8"
accelerators = ["npu", "cpu"]
next_rungs = ["fp16"]
budget = { psnr_mean = 36.0 }
"""
OUTPUT = '[outputs.picture]\nkind = "image"\nrange = [-1.0, 1.0]\n'


def cancelling_model(common: float = 1.0) -> onnx.ModelProto:
    """Four convolutions; the third takes away what all channels of the second have in common."""
    text = '<ir_version: 8, opset_import: ["": 17]>' + outlier_text("image", "picture")
    model = onnx.parser.parse_model(text)
    for name, array in outlier_weights(common).items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(array.astype(np.float32), name))
    return model


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the cancelling model, its description and 8 photos."""
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path, cancelling_model())
    write_config(tmp_path, rest=OUTPUT)
    write_photos(tmp_path, 8)
    return tmp_path


def packaged(folder: Path, target: str) -> dict:
    """What the report says of the only tier."""
    write_target(folder, target)
    pipeline.package(target="mine.toml", photos="photos", store="store")
    report = json.loads((folder / "dist/mine/report.json").read_text())
    jsonschema.validate(report, json.loads((SCHEMA_FOLDER / "report.schema.json").read_text()))
    return report["tiers"]["only"]


def test_some_float_brings_int8_within_its_budget(here: Path) -> None:
    """The mixed rung follows the refused one; scheme, plan, account and summary of it are published."""
    found = packaged(here, TARGET)
    assert [(r["scheme"], r["precision"]) for r in found["refused_rungs"]] == [("w8a8-static", "int8")]
    assert (found["precision"], found["scheme"]) == ("int8", "w8a8-mixed")
    assert found["parity"]["outputs"][0]["psnr_db"]["mean"] >= 36.0
    assert found["search"]["within"]
    assert found["search"]["files_measured"] <= 16
    plan = json.loads((here / "dist/mine/only/plan.json").read_text())
    kept = {n: p["reason"] for n, p in plan["operators"].items() if p["precision"] == "fp16-weights"}
    assert sorted(kept) == ["b", "c"]
    assert all(reason.startswith("sensitivity: output picture gains") for reason in kept.values())
    assert [(g["gate"], g["passed"]) for g in found["gates"]] == [
        ("fp32", True),
        ("fp16", True),
        ("w8a8-static", False),
        ("w8a8-mixed", True),
    ]
    assert found["islands"]["islands"] >= 2  # the two convolutions, the tail
    assert json.loads((here / "dist/mine/only/manifest.json").read_text())["scheme"] == "w8a8-mixed"


def test_a_tier_of_npus_has_int16_instead_of_float(here: Path) -> None:
    """Where the NPU is the only accelerator, what needs more than 8 bits has 16."""
    found = packaged(here, TARGET.replace('["npu", "cpu"]', '["npu"]'))
    assert found["scheme"] == "w8a8-mixed"
    assert found["int16_share"] > 0.0
    plan = json.loads((here / "dist/mine/only/plan.json").read_text())
    assert {"b", "c"} <= {n for n, p in plan["operators"].items() if p["precision"] == "int16"}


def test_search_photos_are_not_the_scored_ones(here: Path) -> None:
    """Nothing that scores was seen by the search."""
    found = packaged(here, TARGET)
    assert found["search"]["samples"]
    assert not set(found["search"]["samples"]) & set(found["samples"])


def test_nothing_is_searched_within_the_budget(here: Path) -> None:
    """A tier that plain int8 suffices for has no account of a search."""
    found = packaged(here, TARGET.replace("36.0", "5.0"))
    assert found["scheme"] == "w8a8-static"
    assert found["search"] is None
    assert [g["gate"] for g in found["gates"]] == ["fp32", "fp16", "w8a8-static"]


def test_a_target_can_forbid_float(here: Path) -> None:
    """With float_share_max = 0 the next rung follows at once; without one the build fails."""
    strict = TARGET.replace("psnr_mean = 36.0 }", "psnr_mean = 36.0, float_share_max = 0.0 }")
    found = packaged(here, strict)
    assert (found["precision"], [r["scheme"] for r in found["refused_rungs"]]) == ("fp16", ["w8a8-static"])
    assert found["islands"] is None
    with pytest.raises(BudgetError, match="w8a8-static: output picture"):
        packaged(here, strict.replace('next_rungs = ["fp16"]', "next_rungs = []"))


def test_a_share_that_is_too_small_refuses_the_mixed_rung(here: Path) -> None:
    """What was tried and why it is not enough is in the report."""
    found = packaged(here, TARGET.replace("36.0 }", "36.0, float_share_max = 0.05 }"))
    assert found["precision"] == "fp16"
    mixed = found["refused_rungs"][1]
    assert mixed["scheme"] == "w8a8-mixed"
    assert mixed["parity"] is None
    assert "at most 5%" in mixed["reasons"][0]
    assert [g["gate"] for g in found["gates"]] == ["fp32", "fp16", "w8a8-static", "w8a8-mixed", "fp16"]


def test_convert_keeps_float_what_gains_most(here: Path) -> None:
    """Convert has no tiers: it takes the target's general figures for a picture, and says what it did."""
    write_model(here, cancelling_model(0.5))  # float enough for those figures is less than half of the work
    artifact = mobilekit.convert("tiny.onnx", precision="int8", photos="photos", config="mobilekit.toml")
    assert artifact.meta["scheme"] == "w8a8-mixed"
    assert artifact.meta["search"]["kept_float"]
    assert not artifact.meta["warnings"]
    assert artifact.meta["islands"]["operators"] > 0


@pytest.mark.parametrize(("share", "expected"), [(None, True), (0.3, True), (0.0, False)])
def test_may_search(share: float | None, expected: bool) -> None:
    """No limit is no prohibition."""
    assert may_search(Budget(float_share_max=share)) is expected
