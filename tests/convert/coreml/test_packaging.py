"""The folder of a package: its manifest names what is there, by identifiers that come from the content."""

from __future__ import annotations

import json
from pathlib import Path

from mobilekit.convert.coreml.packaging import write_package
from mobilekit.libraries import coremltools


def spec_of(text: str) -> object:
    spec = coremltools().proto.Model_pb2.Model()
    spec.description.metadata.author = text
    for key in ("z", "a", "m"):
        spec.description.metadata.userDefined[key] = key
    return spec


def manifest(folder: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((folder / "Manifest.json").read_text())
    return content


def test_manifest_names_the_files(tmp_path: Path) -> None:
    """Every entry is a file or folder that is there, the model the root."""
    (tmp_path / "w").write_bytes(b"weights")
    write_package(spec_of("A"), tmp_path / "w", tmp_path / "p")
    said = manifest(tmp_path / "p")
    entries = said["itemInfoEntries"]
    assert isinstance(entries, dict)
    paths = {entry["path"] for entry in entries.values()}
    assert paths == {"com.apple.CoreML/model.mlmodel", "com.apple.CoreML/weights"}
    assert all((tmp_path / "p" / "Data" / path).exists() for path in paths)
    assert entries[said["rootModelIdentifier"]]["name"] == "model.mlmodel"
    assert (tmp_path / "p/Data/com.apple.CoreML/weights/weight.bin").read_bytes() == b"weights"


def test_without_weights(tmp_path: Path) -> None:
    """A program of small constants has one file."""
    write_package(spec_of("A"), None, tmp_path / "p")
    assert len(manifest(tmp_path / "p")["itemInfoEntries"]) == 1  # type: ignore[arg-type]
    assert not (tmp_path / "p/Data/com.apple.CoreML/weights").exists()


def test_identifiers_follow_the_content(tmp_path: Path) -> None:
    """The same package twice is the same manifest; another model has another identifier."""
    for name, author in (("a", "A"), ("b", "A"), ("c", "C")):
        write_package(spec_of(author), None, tmp_path / name)
    texts = [(tmp_path / name / "Manifest.json").read_bytes() for name in "abc"]
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


def test_coremltools_opens_it(tmp_path: Path) -> None:
    """Its own reader finds the root model."""
    write_package(spec_of("A"), None, tmp_path / "p.mlpackage")
    from coremltools.libmodelpackage import ModelPackage

    assert Path(ModelPackage(str(tmp_path / "p.mlpackage")).getRootModel().path()).name == "model.mlmodel"
