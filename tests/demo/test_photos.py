"""The demo's manifest covers what it says, and becomes named pictures."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from mobilekit.demo.faces import Identity, Scene
from mobilekit.demo.photos import read_manifest, render_photos

MANIFEST = Path(__file__).parents[2] / "calibration" / "demo.toml"
LINE = '[[photo]]\nname = "{}"\nidentity = {}\nmonk = {}\nscene = 1\n'


def test_manifest_covers_tones_poses_and_lights():
    """24 photos show ten tones, both turns, both sides of light, warm and cold."""
    photos = read_manifest(MANIFEST)
    scenes = [Scene.sample(photo.scene) for photo in photos]
    assert len(photos) == 24
    assert {photo.monk for photo in photos} == set(range(1, 11))
    assert len({Identity.sample(photo.identity).hair_style for photo in photos}) == 8
    assert min(s.yaw for s in scenes) < -0.2 < 0.2 < max(s.yaw for s in scenes)
    assert min(s.light_azimuth for s in scenes) < -0.6 < 0.6 < max(s.light_azimuth for s in scenes)
    assert min(s.light_kelvin for s in scenes) < 4000 < 8000 < max(s.light_kelvin for s in scenes)


def test_pairs_are_two_people_in_two_scenes():
    """Photo i and photo i + 12 never share a person, a tone and a scene."""
    photos = read_manifest(MANIFEST)
    half = len(photos) // 2
    for target, source in zip(photos[:half], photos[half:], strict=True):
        assert target.identity != source.identity
        assert target.scene != source.scene
        assert target.monk != source.monk


def test_photos_come_in_name_order(tmp_path):
    """The order is that of the names, not of the file; the tone is the manifest's."""
    path = tmp_path / "photos.toml"
    path.write_text(LINE.format("b", 5, 1) + LINE.format("a", 5, 10))
    (first, dark), (second, light) = render_photos(path, size=48)
    assert (first, second) == ("a", "b")
    assert dark.shape == (48, 48, 3)
    assert dark.dtype == np.uint8
    assert light[20:32, 18:30].mean() > dark[20:32, 18:30].mean() + 30


def test_two_photos_of_one_name_are_refused(tmp_path):
    """A name stands once, since it names a file."""
    path = tmp_path / "photos.toml"
    path.write_text(LINE.format("a", 5, 1) * 2)
    with pytest.raises(ValueError, match="same name"):
        read_manifest(path)


def test_a_misspelt_field_is_refused(tmp_path):
    """An unknown field is an error, not a default."""
    path = tmp_path / "photos.toml"
    path.write_text(LINE.format("a", 5, 1).replace("monk", "tone"))
    assert tomllib.loads(path.read_text())["photo"]
    with pytest.raises(TypeError, match="tone"):
        read_manifest(path)
