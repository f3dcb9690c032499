"""A set of photos through cameras."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mobilekit.calibrate.isp import camera
from mobilekit.calibrate.isp.camera import camera_photos, frame, picture_seed
from mobilekit.calibrate.isp.profile import CameraProfile
from mobilekit.calibrate.isp.profile_file import named_profile
from mobilekit.calibrate.isp.simulate import simulate
from mobilekit.calibrate.photos import PhotoSet, read_photos
from mobilekit.errors import UsageError

NIGHT, IPHONE = named_profile("night"), named_profile("iphone")


@pytest.fixture
def photos(tmp_path: Path) -> PhotoSet:
    """Three photos."""
    for index, name in enumerate(("c.png", "a.png", "b.png")):
        pixels = np.random.default_rng(index).integers(0, 256, (24, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
    return read_photos(tmp_path)


def test_every_photo_through_every_camera(photos: PhotoSet) -> None:
    """Camera by camera, photos in their order: item c·n + i."""
    taken = camera_photos(photos, [NIGHT, IPHONE])
    assert taken.names == (
        "iphone/a.png",
        "iphone/b.png",
        "iphone/c.png",
        "night/a.png",
        "night/b.png",
        "night/c.png",
    )
    assert len(taken) == 6
    expected = simulate(photos[1].pixels, NIGHT, seed=picture_seed(photos.files[1].digest, NIGHT, 0))
    assert np.array_equal(taken[4].pixels, expected)


def test_order_is_not_by_name(photos: PhotoSet) -> None:
    """Items are camera by camera for names too that sort otherwise as folders: a-b before a, as paths."""
    taken = camera_photos(photos, [CameraProfile(name="a-b"), CameraProfile(name="a")])
    assert taken.names == tuple(f"{camera}/{photo}.png" for camera in ("a", "a-b") for photo in "abc")


def test_a_picture_is_its_own(photos: PhotoSet) -> None:
    """A photo's picture is the same in any set, in any order, under any name."""
    both, alone = camera_photos(photos, [NIGHT, IPHONE]), camera_photos(photos, [NIGHT])
    assert [np.array_equal(both[3 + i].pixels, alone[i].pixels) for i in (2, 0, 1)] == [True] * 3
    assert camera_photos(photos, [IPHONE, NIGHT]).digest == both.digest
    folder = Path(photos.files[0].path).parent  # type: ignore[union-attr]
    (folder / "a.png").rename(folder / "aa.png")
    assert np.array_equal(camera_photos(read_photos(folder), [NIGHT])[0].pixels, alone[0].pixels)


def test_nothing_is_made_before_it_is_asked_for(photos: PhotoSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making the set, its names and its digest runs no camera."""
    monkeypatch.setattr(camera, "simulate", lambda *_, **__: pytest.fail("made"))
    taken = camera_photos(photos, [NIGHT])
    assert taken.digest
    assert len(taken.names) == 3


def test_digest_covers_photos_cameras_and_seed(photos: PhotoSet) -> None:
    """Whatever changes a picture changes the digest; a camera's name alone does not."""
    taken = camera_photos(photos, [NIGHT])
    assert taken.digest == camera_photos(photos, [NIGHT]).digest
    digests = {
        taken.digest,
        photos.digest,
        camera_photos(photos, [NIGHT], seed=1).digest,
        camera_photos(photos, [IPHONE]).digest,
        camera_photos(photos, [NIGHT, IPHONE]).digest,
        camera_photos(PhotoSet(files=photos.files[:2], digest="x"), [NIGHT]).digest,
    }
    assert len(digests) == 6
    other_seed = camera_photos(photos, [NIGHT], seed=1)
    assert not np.array_equal(other_seed[0].pixels, taken[0].pixels)


def test_a_photo_is_decoded_once(photos: PhotoSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cameras that take a photo in turn share its frame."""
    decoded = []
    kind = type(photos.files[0])
    decode = kind.preview
    monkeypatch.setattr(kind, "preview", lambda self, side: decoded.append(self.name) or decode(self, side))
    taken = camera_photos(photos, [NIGHT, named_profile("indoor_warm")])
    for index in (0, 3, 1, 4):
        taken[index]
    assert decoded == ["a.png", "b.png"]


def test_frames() -> None:
    """Photos are scaled down to the camera's frames by their short side; smaller ones stay."""
    profile = CameraProfile(name="x", short_side=64)
    assert frame(np.zeros((200, 100, 3), np.uint8), profile).shape == (128, 64, 3)
    small = np.zeros((64, 300, 3), np.uint8)
    assert frame(small, profile) is small
    assert frame(small, CameraProfile(name="y")) is small


def test_one_name_twice(photos: PhotoSet) -> None:
    """Two cameras of one name would be told apart by nobody."""
    with pytest.raises(UsageError, match="camera profile x is given twice"):
        camera_photos(photos, [CameraProfile(name="x"), CameraProfile(name="x", short_side=64)])
