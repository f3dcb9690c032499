"""``convert`` and tiers with int16 activations: the file, its plan, its name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from mobilekit.convert.tflite.api import draft
from mobilekit.errors import MissingPhotosError, PlanError, UsageError
from mobilekit.package.manifest import SCHEMA_FOLDER
from mobilekit.package.tflite_facts import facts_of
from mobilekit.pipeline import convert, package
from mobilekit.pipeline.outlook import unseen_int16_plan
from mobilekit.source.graph import graph_from_proto
from tests.pipeline.support import INPUTS, project, tiny_model, write_model, write_photos

TARGET = """\
name = "mine"
format = "tflite"
size = [16, 16]
[[tiers]]
name = "best"
precision = "w8a16"
accelerators = ["npu", "cpu"]
"""


def test_converts_with_int16_activations(tmp_path: Path) -> None:
    """Float borders, int16 convolutions, the scheme's name, a plan beside it, and hardly a loss."""
    artifact = convert(
        write_model(tmp_path), precision="w8a16", out=tmp_path, inputs=INPUTS, photos=write_photos(tmp_path)
    )
    assert artifact.path == tmp_path / "tiny.w8a16.tflite"
    assert artifact.meta["scheme"] == "w8a16-static"
    assert (artifact.meta["int8_share"], artifact.meta["int16_share"]) == (0.0, 1.0)
    (output,) = artifact.meta["parity"]["outputs"]
    assert output["psnr_db"]["worst"] > 45.0
    facts = facts_of(artifact.path)
    assert {facts.tensors[i].dtype for i in (*facts.inputs, *facts.outputs)} == {"float32"}
    convolutions = [op for op in facts.operators if op.name == "CONV_2D"]
    types = {tuple(facts.tensors[i].dtype for i in op.inputs) for op in convolutions}
    assert types == {("int16", "int8", "int64")}
    assert (tmp_path / "plan.json").is_file()


def test_the_plan_gives_the_same_bytes_again(tmp_path: Path) -> None:
    """On another machine, without photos."""
    model = write_model(tmp_path)
    first = convert(model, precision="w8a16", out=tmp_path, inputs=INPUTS, photos=write_photos(tmp_path))
    plan = tmp_path / "plan.json"
    again = convert(model, precision="w8a16", out=tmp_path / "b", inputs=INPUTS, plan=plan)
    assert again.digest == first.digest


@pytest.mark.parametrize(("made", "asked"), [("int8", "w8a16"), ("w8a16", "int8")])
def test_a_plan_of_the_other_width_is_refused(tmp_path: Path, made: str, asked: str) -> None:
    """It would make a file that is not what its name says."""
    model = write_model(tmp_path)
    convert(model, precision=made, out=tmp_path, inputs=INPUTS, photos=write_photos(tmp_path))
    with pytest.raises(PlanError, match=f"precision {made}, {asked} is asked for"):
        convert(model, precision=asked, out=tmp_path / "b", inputs=INPUTS, plan=tmp_path / "plan.json")


def test_it_is_calibrated_like_int8(tmp_path: Path) -> None:
    """Without photos there are no ranges; and its borders are float."""
    model = write_model(tmp_path)
    with pytest.raises(MissingPhotosError, match="precision w8a16"):
        convert(model, precision="w8a16", out=tmp_path, inputs=INPUTS)
    with pytest.raises(UsageError, match="int8, not with w8a16"):
        convert(model, precision="w8a16", io="int8", out=tmp_path, inputs=INPUTS)


def test_a_tier_at_w8a16(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The manifest says the precision, the scheme and the share; it is of its schema."""
    monkeypatch.chdir(tmp_path)
    project(tmp_path)
    target = tmp_path / "mine.toml"
    target.write_text(TARGET)
    package(target=str(target), photos=tmp_path / "photos", out=tmp_path / "dist")
    manifest = json.loads(next((tmp_path / "dist").rglob("manifest.json")).read_text())
    assert (manifest["precision"], manifest["scheme"]) == ("w8a16", "w8a16-static")
    assert (manifest["int8_share"], manifest["int16_share"]) == (0.0, 1.0)
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(manifest, json.loads((SCHEMA_FOLDER / "manifest.schema.json").read_text()))


def test_the_drafted_file_has_int16_operators() -> None:
    """What ``inspect`` asks the delegates' lists about, before any photo."""
    graph = graph_from_proto(onnx.shape_inference.infer_shapes(tiny_model()), stage="legalised")
    builder = draft(graph, precision="w8a16", plan=unseen_int16_plan(graph))
    convolutions = [o for o in builder.operators if o.kind == "CONV_2D"]
    assert {builder.tensors[o.inputs[0]].dtype for o in convolutions} == {np.dtype(np.int16)}
