"""--photos says how many photos it found and what it passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from mobilekit.cli.photos import opened_photos, summary
from mobilekit.errors import MissingPhotosError


@pytest.fixture
def selfies(tmp_path):
    folder = tmp_path / "selfies"
    (folder / "more").mkdir(parents=True)
    for name in ("a.png", "more/b.png"):
        Image.new("RGB", (20, 20)).save(folder / name)
    return folder


def test_sub_folders_are_said_to_be_skipped(selfies):
    """Photos in sub-folders are not used, and not silently."""
    photos = opened_photos(selfies)
    said = summary(selfies, len(photos), photos.skipped)
    assert said == f"1 photo from {selfies}; 1 entry that is no photo skipped: more/ (a folder)"


def test_nothing_skipped_nothing_said(selfies):
    """A folder of photos only is counted, no more; without --photos there is nothing to read."""
    photos = opened_photos(selfies / "more")
    assert summary(selfies, len(photos), photos.skipped) == f"1 photo from {selfies}"
    assert opened_photos(None) is None


def test_only_sub_folders(selfies):
    """Folders without a photo beside them are people; what is not found there either is said."""
    (selfies / "a.png").unlink()
    assert opened_photos(selfies).people == ("more",)
    (selfies / "more" / "deep").mkdir()
    (selfies / "more" / "b.png").rename(selfies / "more" / "deep" / "b.png")
    with pytest.raises(MissingPhotosError, match="nor in the folders there") as caught:
        opened_photos(selfies)
    assert str(selfies) in caught.value.message


def test_many_are_shortened():
    """A line stays a line."""
    text = summary(Path("p"), 2, ("a/", "b.txt", "c.txt", "d.txt"))
    assert text == "2 photos from p; 4 entries that are no photos skipped: a/ (a folder), b.txt, c.txt, …"
