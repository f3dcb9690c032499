"""What --camera and --profile mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from mobilekit import resources
from mobilekit.calibrate.isp.profile import CameraProfile
from mobilekit.calibrate.isp.selection import chosen_cameras
from mobilekit.errors import CameraError, UsageError


def names(wanted: object) -> list[str]:
    return [profile.name for profile in chosen_cameras(wanted)]  # type: ignore[arg-type]


def test_names_and_lists(tmp_path: Path) -> None:
    """Names, texts of them with commas, lists, paths and profiles; sorted by name, each once."""
    mine = tmp_path / "mine.toml"
    mine.write_text('base = "night"\n')
    assert names("night, iphone") == names(["iphone", "night"]) == names(["night,iphone", "night"])
    assert names("night,iphone") == ["iphone", "night"]
    assert names(mine) == names([str(mine)]) == ["mine"]
    assert names([CameraProfile(name="a"), "iphone"]) == ["a", "iphone"]


def test_all_and_none() -> None:
    """``all`` are mobilekit's own; ``none`` and None are none."""
    assert tuple(names("all")) == resources.camera_names()
    assert names("none") == names(None) == names([]) == []


@pytest.mark.parametrize(
    ("wanted", "error", "message"),
    [
        ("pixel", CameraError, "no camera profile 'pixel'"),
        ("night,", UsageError, "a name is missing"),
        ("none,night", UsageError, "none goes with no other"),
        (
            [CameraProfile(name="night"), "night"],
            UsageError,
            "two different camera profiles are called night",
        ),
    ],
)
def test_mistakes(wanted: object, error: type[Exception], message: str) -> None:
    """Unknown names, empty ones and contradictions are told."""
    with pytest.raises(error, match=message):
        names(wanted)
