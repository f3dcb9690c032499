"""Pictures to look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mobilekit.calibrate.isp.camera import camera_photos
from mobilekit.calibrate.isp.pictures import write_pictures
from mobilekit.calibrate.isp.profile_file import named_profile
from mobilekit.calibrate.photos import read_photos
from mobilekit.errors import OutputError

NIGHT = named_profile("night")


def test_before_and_after(tmp_path: Path) -> None:
    """A picture before, and one per camera, which is what calibration sees; photos of one stem are told apart."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, value in (("a.png", 90), ("a.bmp", 40), ("b.png", 200)):
        Image.new("RGB", (30, 24), (value, value, value)).save(folder / name)
    photos = read_photos(folder)
    written = write_pictures(photos, [NIGHT], tmp_path / "out", seed=3)
    assert [path.name for path in written] == [
        "a-1.before.png",
        "a-1.night.png",
        "a-2.before.png",
        "a-2.night.png",
        "b.before.png",
        "b.night.png",
    ]
    assert np.array_equal(np.asarray(Image.open(written[4])), photos[2].pixels)
    assert np.array_equal(
        np.asarray(Image.open(written[5])), camera_photos(photos, [NIGHT], seed=3)[2].pixels
    )
    again = {path: path.read_bytes() for path in written}
    write_pictures(photos, [NIGHT], tmp_path / "out", seed=3)
    assert again == {path: path.read_bytes() for path in written}


def test_unwritable(tmp_path: Path) -> None:
    """A file where the folder should be is an OutputError."""
    Image.new("RGB", (30, 24)).save(tmp_path / "a.png")
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(OutputError):
        write_pictures(read_photos(tmp_path / "a.png"), [NIGHT], tmp_path / "out")
