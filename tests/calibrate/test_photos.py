"""Folders, archives and lists become the same set of photos."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mobilekit.calibrate.photos import DrawnPhoto, photo_set, preview_of, read_photos
from mobilekit.errors import MissingPhotosError, PhotoError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three photos among other things."""
    selfies = tmp_path / "selfies"
    selfies.mkdir()
    for name, value in (("b.png", 20), ("a.JPG", 10), ("c.webp", 30)):
        Image.new("RGB", (24, 20), (value, value, value)).save(selfies / name)
    (selfies / "notes.txt").write_text("no photo")
    (selfies / ".hidden.jpg").write_bytes(b"no photo")
    (selfies / "sub.jpg").mkdir()
    return selfies


def test_folder_is_sorted_and_filtered(folder: Path) -> None:
    """Photos come by name; hidden files, other files and folders do not."""
    photos = read_photos(folder)
    assert photos.names == ("a.JPG", "b.png", "c.webp")
    assert [photo.pixels.shape for photo in photos] == [(20, 24, 3)] * 3
    assert photos[1].pixels[0, 0].tolist() == [20, 20, 20]
    assert photos.skipped == ("notes.txt", "sub.jpg/")


def test_zip_and_list_hold_the_same_photos(folder: Path, tmp_path: Path) -> None:
    """The digest is of contents in order: the same from a folder, an archive and a list."""
    archive = tmp_path / "selfies.zip"
    with zipfile.ZipFile(archive, "w") as writer:
        for name in ("c.webp", "a.JPG", "b.png"):
            writer.write(folder / name, f"album/{name}")
        writer.writestr("__MACOSX/a.JPG", b"junk")
        writer.writestr("album/._a.JPG", b"junk")
    listing = tmp_path / "selfies.txt"
    listing.write_text("# mine\nselfies/b.png\n\nselfies/a.JPG\nselfies/c.webp\n")
    whole, zipped, listed = (read_photos(path) for path in (folder, archive, listing))
    assert whole.digest == zipped.digest == listed.digest
    assert zipped.names == ("album/a.JPG", "album/b.png", "album/c.webp")
    assert np.array_equal(zipped[2].pixels, whole[2].pixels)


def test_digest_follows_contents(folder: Path) -> None:
    """Another pixel is another digest; another name in the same order is not."""
    before = read_photos(folder)
    (folder / "b.png").rename(folder / "bb.png")
    assert read_photos(folder).digest == before.digest
    Image.new("RGB", (24, 20), (21, 20, 20)).save(folder / "bb.png")
    assert read_photos(folder).digest != before.digest


def test_folders_of_people(tmp_path: Path) -> None:
    """A folder that only holds folders is one of people; a photo beside them, and folders are passed over."""
    for name in ("ben/2.png", "anna/1.png", "anna/3.png", "ben/more/4.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (24, 20)).save(tmp_path / name)
    (tmp_path / "anna" / "notes.txt").write_text("x")
    (tmp_path / "nobody").mkdir()
    photos = read_photos(tmp_path)
    assert photos.names == ("anna/1.png", "anna/3.png", "ben/2.png")
    assert photos.people == ("anna", "anna", "ben")
    assert photos.skipped == ("anna/notes.txt", "ben/more/", "nobody/")
    Image.new("RGB", (24, 20)).save(tmp_path / "5.png")
    alone = read_photos(tmp_path)
    assert (alone.names, alone.people) == (("5.png",), (None,))
    assert alone.skipped == ("anna/", "ben/", "nobody/")


def test_zip_of_people(folder: Path, tmp_path: Path) -> None:
    """Several folders in an archive are people; one folder around everything is nobody."""
    for members, people in (
        (("album/a.png", "album/b.png"), (None, None)),
        (("anna/a.png", "ben/b.png"), ("anna", "ben")),
        (("all/anna/a.png", "all/ben/b.png"), ("all/anna", "all/ben")),
        (("a.png", "ben/b.png"), (None, None)),
    ):
        with zipfile.ZipFile(tmp_path / "x.zip", "w") as writer:
            for member in members:
                writer.write(folder / "b.png", member)
        assert read_photos(tmp_path / "x.zip").people == people


def test_single_photo(folder: Path) -> None:
    """One photo may be named itself."""
    assert read_photos(folder / "b.png").names == ("b.png",)


def test_nothing_left(tmp_path: Path) -> None:
    """A folder without photos, and one that is not there, say how to give some."""
    (tmp_path / "readme.md").write_text("x")
    (tmp_path / "empty").mkdir()
    for path in (tmp_path, tmp_path / "missing", tmp_path / "empty"):
        with pytest.raises(MissingPhotosError, match="no photos") as caught:
            read_photos(path)
        assert "--photos" in caught.value.hint


def test_broken_photo_is_named_when_reading(folder: Path) -> None:
    """A file that promises a photo and is none is an error at once, never skipped."""
    (folder / "d.jpg").write_bytes(b"GIF? no")
    with pytest.raises(PhotoError, match=r"d\.jpg is not an image"):
        read_photos(folder)


def test_sources_of_versions() -> None:
    """A photo shows itself; a version of a photo shows what that one shows."""
    grey = np.zeros((16, 16, 3), np.uint8)
    photos = photo_set(
        [
            DrawnPhoto(name="a", digest="1", draw=lambda: grey),
            DrawnPhoto(name="b", digest="2", draw=lambda: grey, person="ben", made_from="1"),
        ]
    )
    assert photos.sources == ("1", "1")
    assert photos.people == (None, "ben")


def test_broken_archives_and_lists(tmp_path: Path) -> None:
    """A damaged archive, a line without its photo, an encrypted or binary list: typed errors."""
    archive = tmp_path / "a.zip"
    archive.write_bytes(b"PK\x03\x04 truncated")
    with pytest.raises(PhotoError, match=r"a\.zip"):
        read_photos(archive)
    listing = tmp_path / "a.txt"
    listing.write_text("# x\nmissing.jpg\n")
    with pytest.raises(PhotoError, match=r"line 2: photo missing\.jpg"):
        read_photos(listing)
    listing.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(PhotoError, match="cannot be read"):
        read_photos(listing)


def test_photo_that_vanishes(folder: Path) -> None:
    """A photo deleted after it was listed is an error when it is decoded."""
    photos = read_photos(folder)
    (folder / "b.png").unlink()
    with pytest.raises(PhotoError, match=r"b\.png cannot be read"):
        photos[1]


def test_drawn_photos() -> None:
    """Pictures may be drawn when asked for; they are sorted like files."""
    drawn = [
        DrawnPhoto(name=n, digest=n, draw=lambda v=v: np.full((16, 16, 3), v, np.uint8))
        for n, v in (("y", 2), ("x", 1))
    ]
    photos = photo_set(drawn)
    assert [(photo.name, int(photo.pixels[0, 0, 0])) for photo in photos] == [("x", 1), ("y", 2)]


def test_a_preview_is_smaller_for_jpeg_and_never_under_the_side(tmp_path: Path) -> None:
    """A JPEG of 800×640 is decoded to half for 256, a PNG is not; what is asked for whole is whole."""
    pixels = np.random.default_rng(0).integers(0, 256, (10, 8, 3)).astype(np.uint8)
    picture = Image.fromarray(pixels).resize((640, 800), Image.Resampling.BICUBIC)
    picture.save(tmp_path / "a.jpg")
    picture.save(tmp_path / "b.png")
    photos = read_photos(tmp_path)
    assert preview_of(photos, 0, 256).shape == (400, 320, 3)
    assert preview_of(photos, 1, 256).shape == (800, 640, 3)
    assert preview_of(photos, 0, 700).shape == photos[0].pixels.shape == (800, 640, 3)
