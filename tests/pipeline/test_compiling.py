"""``package --npu``: files for single chips beside the one for all, in folder, bundle, manifest and report."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import jsonschema
import pytest

from mobilekit import resources
from mobilekit.artifact import digest_of_path
from mobilekit.compile import litert_aot
from mobilekit.compile.base import Compiled
from mobilekit.compile.qualcomm import QUALCOMM
from mobilekit.errors import AcceleratorError, MissingToolError, UsageError
from mobilekit.pipeline import package
from mobilekit.pipeline.compiling import npus_asked
from mobilekit.target_file import target_from_toml
from tests.pipeline.support import TARGET, project, write_target

SOCS = "qualcomm:SM8650,qualcomm:SM8750"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with a project, and libraries that nobody calls."""
    monkeypatch.chdir(tmp_path)
    write_target(project(tmp_path))
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    for name in QUALCOMM.needs:
        (libraries / name).write_bytes(b"")
    monkeypatch.setenv(QUALCOMM.variable, str(libraries))
    return tmp_path


@pytest.fixture
def compiled(monkeypatch):
    """The compiler, replaced by one that copies and adds the chip's name; what it was called with."""
    calls = []

    def compile_for(path, soc, out, **_: object) -> Compiled:
        calls.append(str(soc))
        shutil.copyfile(path, out)
        with out.open("ab") as file:
            file.write(soc.model.encode())
        return Compiled(path=out, operators=9, offloaded=8, partitions=2, stable=True, remaining={"ADD": 1})

    monkeypatch.setattr(litert_aot, "compile_for", compile_for)
    return calls


def _package(**keywords):
    return package(**{"target": "mine.toml", "photos": "photos", "store": "store", **keywords})


def _digests(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): digest_of_path(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def test_variants_are_in_folder_bundle_manifest_and_report(here, compiled) -> None:
    """Of the tier that names the NPU; the file for all is the same as without."""
    result = _package(npu=SOCS)
    folder = here / "dist/mine/best"
    names = ["model.SM8650.tflite", "model.SM8750.tflite"]
    manifest = json.loads((folder / "manifest.json").read_text())
    jsonschema.validate(manifest, json.loads(resources.manifest_schema().read_text()))
    assert [each["file"] for each in manifest["variants"]] == names
    assert [each["sha256"] for each in manifest["variants"]] == [digest_of_path(folder / n) for n in names]
    assert manifest["variants"][0]["socs"] == [{"manufacturers": ["QTI", "Qualcomm"], "models": ["SM8650"]}]
    with zipfile.ZipFile(here / "dist/bundles/tiny-1.2.3-mine-best.zip") as archive:
        assert set(archive.namelist()) == {"manifest.json", "model.tflite", *names}
    report = json.loads((here / "dist/mine/report.json").read_text())
    jsonschema.validate(report, json.loads(resources.report_schema().read_text()))
    first = report["tiers"]["best"]["npu_variants"][0]
    assert (first["soc"], first["offloaded"], first["operators"], first["partitions"]) == (
        "qualcomm:SM8650",
        8,
        9,
        2,
    )
    assert any("SM8650 leaves 1 of 9 operators to the CPU" in w for w in report["tiers"]["best"]["warnings"])
    assert "npu_variants" not in report["tiers"]["rest"]
    assert [file.path.name for file in result.tiers[0].files][:3] == ["model.tflite", *names]
    assert compiled == ["qualcomm:SM8650", "qualcomm:SM8750"]


def test_without_npu_nothing_changes_and_the_file_for_all_is_the_same(here, compiled) -> None:
    """A build with variants and one without share model, plan and the other tier, byte for byte."""
    _package(out="with", npu=SOCS)
    _package(out="without")
    with_, without = _digests(here / "with/mine"), _digests(here / "without/mine")
    changed = {"best/manifest.json", "report.json"}
    assert {n: d for n, d in with_.items() if n in without and n not in changed} == {
        n: d for n, d in without.items() if n not in changed
    }
    assert set(with_) - set(without) == {"best/model.SM8650.tflite", "best/model.SM8750.tflite"}
    assert "variants" not in json.loads((here / "without/mine/best/manifest.json").read_text())


def test_a_second_build_compiles_nothing(here, compiled) -> None:
    """And another chip only itself; other libraries everything."""
    _package(npu=SOCS)
    assert _package(npu=SOCS).cached
    _package(npu=SOCS + ",qualcomm:SM8550")
    assert compiled == ["qualcomm:SM8650", "qualcomm:SM8750", "qualcomm:SM8550"]
    (here / "libraries" / QUALCOMM.needs[0]).write_bytes(b"another version")
    _package(npu="qualcomm:SM8650")
    assert compiled[3:] == ["qualcomm:SM8650"]


def test_a_missing_sdk_is_told_before_anything_is_built(here, monkeypatch) -> None:
    """With what to install; nothing is written."""
    monkeypatch.delenv(QUALCOMM.variable)
    monkeypatch.setattr("mobilekit.compile.sdk.find_spec", lambda _: None)
    with pytest.raises(MissingToolError) as caught:
        _package(npu=SOCS)
    assert "pip install ai-edge-litert-sdk-qualcomm" in caught.value.hint
    assert not (here / "store").exists() or not any((here / "store").glob("tier"))


def test_a_refusal_publishes_nothing(here, monkeypatch) -> None:
    """The compiler was asked for, so its refusal is an error, not a warning."""

    def refuse(*_: object, **__: object) -> Compiled:
        message = "refused"
        raise AcceleratorError(message)

    monkeypatch.setattr(litert_aot, "compile_for", refuse)
    with pytest.raises(AcceleratorError):
        _package(npu=SOCS)
    assert not (here / "dist/mine").exists()


def _target(folder: Path, text: str):
    return target_from_toml(write_target(folder, text))


def test_a_chip_that_no_tier_gets_is_refused(tmp_path, monkeypatch) -> None:
    """Because the rules name others, or because no tier names the NPU; a rule without chips takes all."""
    monkeypatch.setattr("mobilekit.pipeline.compiling.find_sdk", lambda _: pytest.fail("asked too early"))
    rule = 'ram_min_bytes = 7_000_000_000\nsocs = [{ manufacturers = ["QTI"], models = ["SM8750"] }]'
    listed = _target(tmp_path, TARGET.replace("ram_min_bytes = 7_000_000_000", rule))
    with pytest.raises(UsageError, match=r"no device with qualcomm:SM8650 .* the rules of tier best"):
        npus_asked("qualcomm:SM8650", listed, listed.tiers)
    cpu = _target(tmp_path, TARGET.replace('"npu", ', ""))
    with pytest.raises(UsageError, match="no tier built here names the NPU"):
        npus_asked("qualcomm:SM8650", cpu, cpu.tiers)
    with pytest.raises(UsageError, match="no compiler of chips"):
        npus_asked("qualcomm:SM8650", target_from_toml(resources.target_file("ios")), ())
    monkeypatch.undo()
    assert npus_asked(None, cpu, cpu.tiers).socs == ()


def test_only_tiers_of_the_chip_are_compiled(tmp_path, monkeypatch) -> None:
    """Two tiers on the NPU, each with chips of its own."""
    monkeypatch.setattr("mobilekit.pipeline.compiling.find_sdk", lambda _: None)
    rule = 'socs = [{{ manufacturers = ["QTI"], models = ["{}"] }}]'
    second = TARGET.split("[[tiers]]")[1].replace('"best"', '"next"')
    text = TARGET.replace("ram_min_bytes = 7_000_000_000", rule.format("SM8650"), 1).replace(
        '[[tiers]]\nname = "rest"', f'[[tiers]]{second}[[tiers]]\nname = "rest"'
    )
    target = _target(tmp_path, text.replace("ram_min_bytes = 7_000_000_000", rule.format("SM8750")))
    npus = npus_asked(SOCS, target, target.tiers)
    assert [[soc.model for soc in npus.of_tier(tier)] for tier in target.tiers] == [
        ["SM8650"],
        ["SM8750"],
        [],
    ]
