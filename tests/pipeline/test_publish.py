"""What is published is whole: a model that is a folder is one thing, like a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from mobilekit.artifact import digest_of_path
from mobilekit.errors import OutputError
from mobilekit.pipeline.publish import publish_package, written


def _package(folder: Path, weights: bytes = b"12345") -> Path:
    package = folder / "model.mlpackage"
    (package / "Data/weights").mkdir(parents=True)
    (package / "Manifest.json").write_bytes(b"{}")
    (package / "Data/weights/weight.bin").write_bytes(weights)
    return package


def test_a_package_is_published_with_size_and_digest(tmp_path: Path) -> None:
    """Every file arrives; the size is theirs together and the digest does not depend on the folder."""
    source = _package(tmp_path / "store")
    found = publish_package(source, tmp_path / "out/net.mlpackage")
    assert (found.size_bytes, found.digest) == (7, digest_of_path(source))
    assert (found.path / "Data/weights/weight.bin").read_bytes() == b"12345"
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["net.mlpackage"]


def test_an_old_package_is_replaced_whole(tmp_path: Path) -> None:
    """Nothing of the old one stays, not even files that the new one does not have."""
    final = _package(tmp_path / "out", b"old")
    (final / "Data/left_over.bin").write_bytes(b"old")
    found = publish_package(_package(tmp_path / "store"), final)
    assert found.digest == digest_of_path(tmp_path / "store/model.mlpackage")
    assert not (final / "Data/left_over.bin").exists()


def test_the_same_package_is_left_alone(tmp_path: Path) -> None:
    """An unchanged build touches no file."""
    source, final = _package(tmp_path / "store"), tmp_path / "out/net.mlpackage"
    publish_package(source, final)
    before = (final / "Manifest.json").stat()
    publish_package(source, final)
    after = (final / "Manifest.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_package_that_is_gone_is_an_error_with_words(tmp_path: Path) -> None:
    """Somebody else removed it: typed, with the path."""
    with pytest.raises(OutputError, match=r"net\.mlpackage disappeared"):
        written(tmp_path / "net.mlpackage")
