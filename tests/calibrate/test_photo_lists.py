"""Lists say who is on a photo, manifests also which bytes it had."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from PIL import Image

from mobilekit.calibrate.photo_files import PhotoFile
from mobilekit.calibrate.photo_lists import manifest_text
from mobilekit.calibrate.photos import PhotoSet, read_photos
from mobilekit.errors import PhotoError


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Three photos of two people."""
    folder = tmp_path / "people"
    for name, value in (("anna/1.png", 10), ("anna/2 ü.png", 20), ("ben/1.png", 30)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (24, 20), (value, value, value)).save(folder / name)
    return folder


def written(photos: PhotoSet, file: Path) -> Path:
    """The manifest of photos in a file."""
    files = [photo for photo in photos.files if isinstance(photo, PhotoFile)]
    file.write_text(manifest_text(files, file.parent), encoding="utf-8")
    return file


def test_list_with_people(people: Path, tmp_path: Path) -> None:
    """What follows a tab is who is on the photo."""
    listing = tmp_path / "all.txt"
    listing.write_text("people/ben/1.png\tben\npeople/anna/1.png \t anna\npeople/anna/2 ü.png\n")
    photos = read_photos(listing)
    assert photos.names == ("people/anna/1.png", "people/anna/2 ü.png", "people/ben/1.png")
    assert photos.people == ("anna", None, "ben")
    listing.write_text(listing.read_text().replace("anna\n", "ben\n"))
    assert read_photos(listing).digest != photos.digest


def test_manifest_is_the_same_set(people: Path, tmp_path: Path) -> None:
    """A manifest gives the same photos and people again, from a folder and from an archive."""
    photos = read_photos(people)
    again = read_photos(written(photos, tmp_path / "photos.toml"))
    assert (again.digest, again.people) == (photos.digest, photos.people)
    archive = tmp_path / "people.zip"
    with zipfile.ZipFile(archive, "w") as writer:
        for name in photos.names:
            writer.write(people / name, name)
    (tmp_path / "lists").mkdir()
    zipped = read_photos(written(read_photos(archive), tmp_path / "lists" / "photos.toml"))
    assert (zipped.digest, zipped.people, zipped.names) == (photos.digest, photos.people, photos.names)
    assert zipped[2].pixels[0, 0].tolist() == [30, 30, 30]


def test_manifest_refuses_another_file(people: Path, tmp_path: Path) -> None:
    """A photo that changed since is named; without sha256 it is taken as it is."""
    manifest = written(read_photos(people), tmp_path / "photos.toml")
    Image.new("RGB", (24, 20), (99, 99, 99)).save(people / "ben" / "1.png")
    with pytest.raises(PhotoError, match=r"photo 3: people/ben/1\.png is another file"):
        read_photos(manifest)
    kept = [line for line in manifest.read_text().splitlines() if not line.startswith("sha256")]
    manifest.write_text("\n".join(kept))
    assert len(read_photos(manifest)) == 3


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("x = ", "not TOML"),
        ('[model]\npath = "net.onnx"', "no photo manifest"),
        ("[photo]\nx = 1", "no photo manifest"),
        ("[[photo]]\npath = 3", "path = 3"),
        ('[[photo]]\nname = "x"', "name = 'x'"),
        ('[[photo]]\nperson = "anna"', "photo 1 has no path"),
        ('[[photo]]\npath = "gone.png"', r"gone\.png does not exist"),
        ('[[photo]]\narchive = "gone.zip"\npath = "a.png"', r"gone\.zip does not exist"),
        ('[[photo]]\narchive = "photos.toml"\npath = "a.png"', r"a\.png in .* cannot be read"),
    ],
)
def test_wrong_manifests(tmp_path: Path, text: str, match: str) -> None:
    """What is no manifest, or names what is not there, is a typed error with the place."""
    manifest = tmp_path / "photos.toml"
    manifest.write_text(text)
    with pytest.raises(PhotoError, match=match):
        read_photos(manifest)
