"""``package``: folders, manifests, bundles and a report, per tier; cached, shared, and refused."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from mobilekit import resources
from mobilekit.artifact import digest_of_path
from mobilekit.errors import (
    BudgetError,
    DescriptionError,
    MissingPhotosError,
    ShapeError,
    TargetError,
    UnknownTierError,
    UsageError,
)
from mobilekit.pipeline import package
from mobilekit.runtimes import open_runtime
from mobilekit.runtimes.ort import open_onnx
from mobilekit.store.cas import Store
from tests.pipeline.support import TARGET, project, tiny_model, write_config, write_model, write_target


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with a model, its description, photos and a target."""
    monkeypatch.chdir(tmp_path)
    write_target(project(tmp_path))
    return tmp_path


def _package(**keywords):
    return package(**{"target": "mine.toml", "photos": "photos", "store": "store", **keywords})


def _files(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): digest_of_path(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def test_writes_exactly_the_promised_files(here):
    """A folder per tier with model and manifest (and plan, if int8), a bundle per tier, one report, and nothing else."""
    result = _package()
    names = [
        "bundles/tiny-1.2.3-mine-best.zip",
        "bundles/tiny-1.2.3-mine-rest.zip",
        "mine/best/manifest.json",
        "mine/best/model.tflite",
        "mine/best/plan.json",
        "mine/report.json",
        "mine/rest/manifest.json",
        "mine/rest/model.tflite",
    ]
    assert sorted(_files(here / "dist")) == names
    assert {f.path: f.digest for f in result.files} == {
        Path("dist") / name: digest for name, digest in _files(here / "dist").items()
    }


def test_manifest_is_valid_and_tells_the_truth(here):
    """The manifest follows its schema; hashes, sizes and quantisation are those of the file beside it."""
    jsonschema = pytest.importorskip("jsonschema")
    _package()
    schema = json.loads(resources.manifest_schema().read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    for tier, scheme in (("best", "w8a8-static"), ("rest", "fp16")):
        folder = here / "dist" / "mine" / tier
        manifest = json.loads((folder / "manifest.json").read_text())
        jsonschema.validate(manifest, schema)
        assert manifest["scheme"] == scheme
        assert manifest["model"]["sha256"] == digest_of_path(folder / "model.tflite")
        assert manifest["model"]["size_bytes"] == (folder / "model.tflite").stat().st_size
        assert manifest["inputs"][0]["layout"] == "nhwc"
        assert manifest["inputs"][0]["shape"] == [1, 16, 16, 3]
        assert manifest["inputs"][0]["onnx"]["shape"] == [1, 3, 16, 16]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**manifest, "latency_ms": 3}, schema)


def test_report_is_valid_and_has_what_was_measured(here):
    """The report follows its schema, compares with ONNX Runtime, and says what was not verified."""
    jsonschema = pytest.importorskip("jsonschema")
    _package()
    report = json.loads((here / "dist/mine/report.json").read_text())
    jsonschema.validate(report, json.loads(resources.report_schema().read_text()))
    best = report["tiers"]["best"]
    assert best["parity"]["reference"].startswith("ONNX Runtime")
    assert best["samples"] == ["01.png", "03.png"]
    assert best["not_verified_here"] == ["npu"]
    assert best["verified_on"] == ["cpu"]
    assert best["self_check_fp32"]["outputs"][0]["psnr_db"]["worst"] > 80


def test_bundle_holds_the_published_files(here):
    """The zip is stored, dated 1980, and has the same bytes as the folder."""
    _package()
    with zipfile.ZipFile(here / "dist/bundles/tiny-1.2.3-mine-rest.zip") as archive:
        assert archive.namelist() == ["manifest.json", "model.tflite"]
        for info in archive.infolist():
            assert info.compress_type == zipfile.ZIP_STORED
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert archive.read(info) == (here / "dist/mine/rest" / info.filename).read_bytes()


def test_published_model_computes_what_the_model_computes(here):
    """The fp16 tier agrees with ONNX Runtime within what half-precision weights allow."""
    _package()
    feed = {"image": np.random.default_rng(0).uniform(-1, 1, (1, 3, 16, 16)).astype(np.float32)}
    with open_runtime(here / "dist/mine/rest/model.tflite") as session, open_onnx(here / "tiny.onnx") as ort:
        np.testing.assert_allclose(session.run(feed)["picture"], ort.run(feed)["picture"], atol=0.01)


def test_second_run_is_cached_and_runs_no_stage(here, monkeypatch):
    """Unchanged inputs are answered from the store; changed photos are not."""
    first = _package()
    before = _files(here / "dist")
    monkeypatch.setattr("mobilekit.pipeline.opened.open_job", _forbidden)
    second = _package()
    assert (first.cached, second.cached) == (False, True)
    assert _files(here / "dist") == before
    (here / "photos/00.png").unlink()
    with pytest.raises(AssertionError, match="not cached"):
        _package()


def _forbidden(*_arguments: object, **_keywords: object) -> None:
    message = "not cached"
    raise AssertionError(message)


def test_lost_output_comes_back_from_the_store(here):
    """Files that somebody deleted or changed are published again."""
    _package()
    before = _files(here / "dist")
    (here / "dist/mine/best/model.tflite").write_bytes(b"changed")
    (here / "dist/bundles/tiny-1.2.3-mine-rest.zip").unlink()
    assert _package().cached
    assert _files(here / "dist") == before


def _stages(store: Path) -> dict[str, int]:
    names = [p.parents[2].name for p in store.glob("*/*/*/manifest.json")]
    return {name: names.count(name) for name in set(names)}


def test_changing_one_tier_reruns_only_its_steps(here):
    """Another budget of a tier rebuilds that tier's folder alone: nothing is converted again."""
    _package()
    before = _stages(here / "store")
    write_target(here, TARGET.replace("psnr_mean = 15.0", "psnr_mean = 16.0"))
    result = _package()
    assert [(t.tier, t.cached) for t in result.tiers] == [("best", False), ("rest", True)]
    after = _stages(here / "store")
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {"tier": 1}


def test_changing_precision_reruns_from_the_writer_on(here):
    """Reading, normalising and legalising are shared by all precisions."""
    _package()
    before = _stages(here / "store")
    write_target(here, TARGET.replace('"fp16"', '"int8-dynamic"'))
    assert [t.cached for t in _package().tiers] == [True, False]
    after = _stages(here / "store")
    assert {n: after[n] - before[n] for n in after if after[n] != before[n]} == {
        "tier": 1,
        "emit": 1,
        "measure": 1,
    }


def test_device_rules_are_no_part_of_a_tiers_files(here):
    """Which devices get a tier changes nothing in it."""
    _package()
    write_target(here, TARGET.replace("7_000_000_000", "8_000_000_000"))
    assert _package().cached


def test_work_of_several_tiers_is_done_once(here):
    """One normalising, one legalising, one reference, whatever the number of tiers."""
    _package()
    stages = _stages(here / "store")
    assert [stages[name] for name in ("normalise", "legalise", "reference", "plan")] == [1, 1, 1, 1]


def test_single_tier_leaves_the_others_alone(here):
    """--tier builds one; files and report entries of the others stay as long as they fit."""
    _package()
    before = _files(here / "dist")
    _package(tiers=["rest"], store="another")
    assert {k: v for k, v in _files(here / "dist").items() if "report" not in k} == {
        k: v for k, v in before.items() if "report" not in k
    }
    report = json.loads((here / "dist/mine/report.json").read_text())
    assert sorted(report["tiers"]) == ["best", "rest"]
    (here / "dist/mine/best/model.tflite").write_bytes(b"of somebody else")
    _package(tiers=["rest"])
    assert sorted(json.loads((here / "dist/mine/report.json").read_text())["tiers"]) == ["rest"]


def test_budget_that_is_missed_fails_the_build_and_publishes_nothing(here):
    """The error names tier, output, got and budget."""
    write_target(here, TARGET.replace("psnr_mean = 15.0", "psnr_mean = 99.0"))
    with pytest.raises(
        BudgetError, match=r"tier best.*(?s:.*)output picture: PSNR mean is .* budget 99 dB"
    ) as error:
        _package()
    assert 'next_rungs = ["fp16"]' in error.value.hint
    assert _files(here / "dist") == {}


def test_hint_does_not_propose_what_was_tried(here):
    """Where fp16 was outside its budget too, the hint goes on from there."""
    text = TARGET.replace("psnr_mean = 15.0 }", 'psnr_mean = 99.0 }\nnext_rungs = ["fp16"]')
    write_target(here, text.replace("[[tiers]]", "[budgets.fp16]\npsnr_mean = 200.0\n[[tiers]]", 1))
    with pytest.raises(BudgetError, match="fp16: output picture") as error:
        _package()
    assert 'next_rungs = ["fp16", "fp32"]' in error.value.hint


def test_next_rung_is_taken_where_the_target_allows_it(here):
    """The tier then has the other precision, and the report says why, with the refused figures."""
    text = TARGET.replace("psnr_mean = 15.0 }", 'psnr_mean = 99.0 }\nnext_rungs = ["fp16"]')
    write_target(here, text)
    _package()
    manifest = json.loads((here / "dist/mine/best/manifest.json").read_text())
    best = json.loads((here / "dist/mine/report.json").read_text())["tiers"]["best"]
    assert (manifest["precision"], manifest["plan"], manifest["calibration"]) == ("fp16", None, None)
    assert "w8a8-static was outside its budget" in best["warnings"][0]
    assert best["refused_rungs"][0]["parity"]["outputs"][0]["name"] == "picture"


def test_dynamic_dimensions_are_filled_by_target_and_tier(here):
    """The target's size, a tier's own, or a given shape; fixed dimensions are never changed."""
    write_model(here, tiny_model(side="side"))
    _package()
    shapes = {t: _input_shape(here, t) for t in ("best", "rest")}
    assert shapes == {"best": [1, 24, 24, 3], "rest": [1, 12, 12, 3]}
    _package(shapes={"image": (1, 3, 32, 32)})
    assert _input_shape(here, "rest") == [1, 32, 32, 3]


def _input_shape(here: Path, tier: str) -> list[int]:
    return json.loads((here / f"dist/mine/{tier}/manifest.json").read_text())["inputs"][0]["shape"]


def test_dimensions_that_nobody_fixes_say_what_to_give(here):
    """An array input with a free dimension is not guessed at."""
    import onnx

    text = (
        '<ir_version: 8, opset_import: ["": 17]> g (float[1,3,16,16] image, float[1,words] v)'
        " => (float[1,3,16,16] y) <int64[1] axes = {1}>"
        " { s = ReduceSum <keepdims = 0> (v, axes) y = Add (image, s) }"
    )
    write_model(here, onnx.parser.parse_model(text))
    with pytest.raises(ShapeError, match="--shape v="):
        _package()


def test_lighter_model_of_a_tier(here):
    """A tier's own model gets the same treatment and its own digest."""
    write_model(here, tiny_model(seed=5), "light.onnx")
    write_target(here, TARGET.replace("size = [12, 12]", 'model = "light.onnx"'))
    _package()
    sources = [
        json.loads((here / f"dist/mine/{tier}/manifest.json").read_text())["source"]["sha256"]
        for tier in ("best", "rest")
    ]
    assert sources == [digest_of_path(here / "tiny.onnx"), digest_of_path(here / "light.onnx")]


def test_plan_makes_the_same_files_without_photos(here):
    """The published plan is the one of the manifest, and quantises again on a machine without photos."""
    _package()
    plan = here / "dist/mine/best/plan.json"
    manifest = json.loads((here / "dist/mine/best/manifest.json").read_text())
    assert manifest["plan"]["sha256"] == digest_of_path(plan)
    again = _package(photos=None, plan=plan, out="there", store="another")
    assert [tier.plan.digest if tier.plan else None for tier in again.tiers] == [digest_of_path(plan), None]
    for name in ("best/model.tflite", "best/plan.json", "rest/model.tflite"):
        assert (here / "there/mine" / name).read_bytes() == (here / "dist/mine" / name).read_bytes()
    best = json.loads((here / "there/mine/report.json").read_text())["tiers"]["best"]
    assert "synthetic inputs" in best["warnings"][0]
    assert best["calibration_samples"] == 0


@pytest.mark.parametrize("keep", ["", "range"])
def test_plan_does_not_replace_the_description(here, keep):
    """A manifest says what inputs mean: without a description, or with an open line, nothing is built."""
    _package()
    config = here / "mobilekit.toml"
    config.write_text(config.read_text().replace("[-1.0, 1.0]", '"?"')) if keep else config.unlink()
    words = r"mobilekit\.toml:7" if keep else "nothing says what its inputs mean"
    with pytest.raises(DescriptionError, match=words):
        _package(model="tiny.onnx", photos=None, plan="dist/mine/best/plan.json", out="there")
    assert not _files(here / "there")


def test_hinted_command_has_what_the_user_asked_for(here):
    """Tiers and configuration are in the command that is proposed, and nothing that was not given."""
    with pytest.raises(MissingPhotosError) as error:
        _package(photos=None, tiers=["rest"], config="mobilekit.toml", crop="none")
    asked = "--photos FOLDER --out dist --config mobilekit.toml --tier rest --crop none"
    assert error.value.hint.endswith(asked)
    assert "--plan" not in error.value.hint


def test_hinted_command_keeps_the_plan(here):
    """Data for one input and none for the picture is refused, with or without a plan."""
    model = tiny_model()
    model.graph.input.append(helper.make_tensor_value_info("shift", TensorProto.FLOAT, [1, 3, 1, 1]))
    model.graph.node.append(helper.make_node("Add", ["picture", "shift"], ["y"]))
    model.graph.output.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, None))
    write_model(here, model)
    np.save(here / "shift.npy", np.zeros((1, 3, 1, 1), np.float32))
    with pytest.raises(MissingPhotosError) as error:
        _package(photos=None, plan="my plan.json", tiers=["best"], data={"shift": "shift.npy"})
    assert error.value.hint.endswith("--out dist --tier best --plan 'my plan.json'")


def test_no_photos_for_a_users_model_prints_the_command(here):
    """Calibration never has a silent default, in no tier."""
    with pytest.raises(MissingPhotosError) as error:
        _package(photos=None, tiers=["rest"])
    assert "mobilekit package tiny.onnx --target mine.toml --photos FOLDER --out dist" in error.value.hint
    (here / "mobilekit.toml").unlink()
    with pytest.raises(MissingPhotosError, match=r"mobilekit init tiny\.onnx"):
        _package(model="tiny.onnx", photos=None)


def test_inputs_fill_in_what_a_file_leaves_open(here):
    """The keyword replaces tables: lines of theirs that still say "?" are no longer asked for."""
    (here / "mobilekit.toml").write_text(
        '[model]\npath = "tiny.onnx"\n[inputs.image]\nkind = "image"\nrange = "?"\n'
    )
    said = {"image": {"kind": "image", "range": (-1, 1)}}
    done = _package(model="tiny.onnx", inputs=said, tiers=["rest"])
    assert [tier.tier for tier in done.tiers] == ["rest"]
    with pytest.raises(DescriptionError, match=r"inputs\.image\.range"):
        _package(model="tiny.onnx", tiers=["rest"])


def test_unfinished_description_is_refused(here):
    """What init left open must be filled in; file and line are named."""
    write_config(here).write_text(
        (here / "mobilekit.toml").read_text().replace("range = [-1.0, 1.0]", 'range = "?"')
    )
    with pytest.raises(DescriptionError, match=r"mobilekit\.toml:7"):
        _package()


@pytest.mark.parametrize(
    ("keywords", "error"),
    [
        ({"target": "blackberry"}, TargetError),
        ({"tiers": ["huge"]}, UnknownTierError),
        ({"fallback": "other"}, UsageError),
        ({"config": "missing.toml"}, DescriptionError),
    ],
)
def test_wrong_names_are_typed_errors(here, keywords, error):
    """Targets, tiers, converters and files that do not exist."""
    with pytest.raises(error):
        _package(**keywords)


def test_store_can_be_handed_over(here):
    """The keyword takes a Store as well as a path."""
    assert not _package(store=Store(here / "own")).cached
    assert _package(store=Store(here / "own")).cached


def test_progress_is_told_step_by_step(here):
    """Every step ends with as much done as there is."""
    calls: list[tuple[str, int, int]] = []
    _package(progress=lambda step, done, total: calls.append((step, done, total)))
    last = {step: (done, total) for step, done, total in calls}
    assert {"normalise", "legalise", "calibrate", "self-check", "reference"} <= set(last)
    assert all(done == total for done, total in last.values())
