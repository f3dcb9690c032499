"""A bundle depends on its content alone."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from mobilekit.package.bundle import bundle_name, write_bundle


def _folder(parent: Path, name: str, *, model: bytes = b"model") -> Path:
    folder = parent / name
    folder.mkdir()
    (folder / "model.tflite").write_bytes(model)
    (folder / "manifest.json").write_text("{}")
    return folder


def test_same_content_same_bytes(tmp_path: Path) -> None:
    """Dates and modes of the files do not matter; their content does."""
    first, second = _folder(tmp_path, "a"), _folder(tmp_path, "b")
    os.utime(second / "model.tflite", (1, 1))
    (second / "model.tflite").chmod(0o600)
    third = _folder(tmp_path, "c", model=b"other")
    for folder in (first, second, third):
        write_bundle(tmp_path / f"{folder.name}.zip", folder, model="model.tflite")
    content = {name: (tmp_path / f"{name}.zip").read_bytes() for name in "abc"}
    assert content["a"] == content["b"] != content["c"]


def test_only_model_and_manifest_are_bundled(tmp_path: Path) -> None:
    """Whatever else lies in the folder stays there."""
    folder = _folder(tmp_path, "a")
    (folder / "notes.txt").write_text("mine")
    write_bundle(tmp_path / "a.zip", folder, model="model.tflite")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["manifest.json", "model.tflite"]


def test_a_model_that_is_a_folder_is_bundled_whole(tmp_path: Path) -> None:
    """File by file, by their paths in the tier's folder, in order."""
    folder = _folder(tmp_path, "a")
    for name in ("Data/weights/weight.bin", "Manifest.json", "Data/model.mlmodel"):
        (folder / "model.mlpackage" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "model.mlpackage" / name).write_text(name)
    write_bundle(tmp_path / "a.zip", folder, model="model.mlpackage")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == [
            "manifest.json",
            "model.mlpackage/Data/model.mlmodel",
            "model.mlpackage/Data/weights/weight.bin",
            "model.mlpackage/Manifest.json",
        ]
        assert archive.read("model.mlpackage/Manifest.json") == b"Manifest.json"


def test_name_says_what_it_is() -> None:
    """Model, version, target and tier."""
    name = bundle_name(name="net", version="1.2", target="android", tier="mid")
    assert name == "net-1.2-android-mid.zip"
