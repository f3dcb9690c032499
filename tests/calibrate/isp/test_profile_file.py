"""Profiles in TOML: what they say, and what is wrong with them."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from mobilekit import resources
from mobilekit.calibrate.isp.profile import CameraProfile, Output, Span
from mobilekit.calibrate.isp.profile_file import named_profile, read_profile
from mobilekit.errors import CameraError


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    """A profile's file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_all_profiles_are_there() -> None:
    """The cameras of the issue come with mobilekit, each with a line about it and numbers of its own."""
    names = ("backlight", "budget_android", "flagship_android", "indoor_warm", "iphone", "neutral", "night")
    assert resources.camera_names() == names
    profiles = [named_profile(name) for name in names]
    assert [profile.name for profile in profiles] == list(names)
    assert all(profile.about for profile in profiles)
    assert len({profile.digest for profile in profiles}) == len(names)


def test_neutral_lists_every_key() -> None:
    """calibration/neutral.toml can be copied: every key of a profile is in it, but those that cannot be nothing."""
    text = resources.camera_file("neutral").read_text(encoding="utf-8")
    profile = named_profile("neutral")
    for part in (profile.scene, profile.sensor, profile.processing, profile.output):
        for field in fields(part):
            if field.name not in ("matrix", "jpeg_quality"):
                assert f"\n{field.name} = " in text, field.name


def test_what_is_said_is_read(tmp_path: Path) -> None:
    """Numbers, ranges and tables arrive; the file's name is the profile's unless it says one."""
    path = write(
        tmp_path,
        'short_side = 600\n[scene]\nexposure_stops = [-1, 0.5]\n[sensor]\niso = 200\nbayer = "gbrg"\n',
    )
    profile = read_profile(path)
    assert (profile.name, profile.short_side, profile.sensor.bayer) == ("mine", 600, "gbrg")
    assert profile.scene.exposure_stops == Span(low=-1, high=0.5)
    assert profile.sensor.iso == Span(low=200, high=200)
    assert read_profile(write(tmp_path, 'name = "other"\n')).name == "other"


def test_base(tmp_path: Path) -> None:
    """What a profile does not say is its base's: a built-in one, or a file beside it."""
    iphone = named_profile("iphone")
    mine = read_profile(write(tmp_path, 'base = "iphone"\n[output]\nbrightness = 0.08\n'))
    assert mine == replace(iphone, name="mine", about="", output=replace(iphone.output, brightness=0.08))
    write(tmp_path, 'base = "mine.toml"\n[sensor]\nframes = 9\n', "next.toml")
    assert read_profile(tmp_path / "next.toml").sensor == replace(iphone.sensor, frames=9)


def test_digest_is_of_the_numbers(tmp_path: Path) -> None:
    """Another number is another digest; another name, comment or spelling of a number is not."""
    one = read_profile(write(tmp_path, 'about = "x"\n[sensor]\niso = 100\n'))
    assert one.digest == CameraProfile(name="neutral").digest
    assert replace(one, output=Output(brightness=0.08)).digest != one.digest
    assert read_profile(write(tmp_path, "# hi\n[sensor]\niso = [100.0, 100]\n")).digest == one.digest


BAD = [
    ("[sensor]\niso = 0\n", r"mine\.toml:2: sensor\.iso: expected a number in 1…1e\+06, got 0"),
    ("[sensor]\niso = [400, 100]\n", r":2: sensor\.iso: expected \[least, greatest\]"),
    ("[sensor]\niso = [1, 2, 3]\n", r":2: sensor\.iso: expected a number or \[least, greatest\]"),
    ("[sensor]\niso = [1, true]\n", r"sensor\.iso: expected a number in"),
    ('[sensor]\niso = "100"\n', r"sensor\.iso: expected int or float or list, got '100'"),
    ("[sensor]\nred_gain = nan\n", r"sensor\.red_gain: expected a number in"),
    ('[sensor]\nbayer = "rgbg"\n', r"sensor\.bayer: expected one of none, rggb"),
    ("[sensor]\nframes = 0\n", r"sensor\.frames: expected a number in 1…1000, got 0"),
    ("[sensor]\nframes = 2.5\n", r"sensor\.frames: expected int, got 2\.5"),
    ("[sensor]\nmatrix = [[1, 0], [0, 1]]\n", r"sensor\.matrix: expected three lists of three numbers"),
    (
        "[sensor]\nmatrix = [[1, 0, 0], [1, 0, 0], [0, 0, 1]]\n",
        r"sensor\.matrix: expected an invertible matrix",
    ),
    ('[sensor]\nmatrix = [[1, 0, 0], [0, 1, 0], [0, 0, "1"]]\n', r"sensor\.matrix: expected a number in"),
    (
        "[scene]\ntemperature_kelvin = 500\n",
        r":2: scene\.temperature_kelvin: expected a number in 2000…20000",
    ),
    ("[scene]\nglare = 1.0\n", r"scene\.glare: expected a number in 0…0\.9, got 1\.0"),
    ("[processing]\ncontrast = 1.5\n", r"processing\.contrast: expected a number in 0…1, got 1\.5"),
    ("\n[output]\n\njpeg_quality = 101\n", r":4: output\.jpeg_quality: expected a number in 1…100"),
    ("[processing]\nsharpness = 1.0\n", r":2: processing\.sharpness: unknown key; known are contrast"),
    ("[lens]\nglare = 0.1\n", r":1: lens: unknown key"),
    ("short_side = true\n", r"short_side: expected int, got True"),
    ('base = "ipone"\n', r":1: base: no profile 'ipone'; known are backlight"),
    ('base = "mine.toml"\n', r":1: base: 'mine\.toml' is based on this profile itself"),
    ('name = "a/b"\n', r":1: name: expected letters, digits"),
    ("iso = = 1\n", r"mine\.toml: not TOML"),
]


@pytest.mark.parametrize(("text", "message"), BAD, ids=range(len(BAD)))
def test_bad_profiles(tmp_path: Path, text: str, message: str) -> None:
    """Every mistake is a CameraError (exit code 54) that names file, line and key."""
    with pytest.raises(CameraError, match=message) as caught:
        read_profile(write(tmp_path, text))
    assert caught.value.exit_code == 54


def test_bases_in_a_circle(tmp_path: Path) -> None:
    """Two profiles based on each other are told, not followed for ever."""
    write(tmp_path, 'base = "mine.toml"\n', "next.toml")
    with pytest.raises(CameraError, match="based on this profile itself"):
        read_profile(write(tmp_path, 'base = "next.toml"\n'))


def test_unknown_names(tmp_path: Path) -> None:
    """A name that no profile has lists those that are; a path that is not there is named."""
    with pytest.raises(CameraError, match="no camera profile 'pixel'") as caught:
        named_profile("pixel")
    assert "iphone" in caught.value.hint
    with pytest.raises(CameraError, match=r"cannot read .*nothing\.toml"):
        named_profile(str(tmp_path / "nothing.toml"))
    with pytest.raises(CameraError, match="unknown key"):
        named_profile(str(resources.demo_photos()))
