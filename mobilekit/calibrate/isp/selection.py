"""Which cameras a user means: names, TOML files, ``all`` or ``none``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from mobilekit import resources
from mobilekit.calibrate.isp.profile import CameraProfile
from mobilekit.calibrate.isp.profile_file import named_profile
from mobilekit.errors import UsageError

Cameras: TypeAlias = str | Path | CameraProfile | Sequence[str | Path | CameraProfile] | None

ALL, NONE = "all", "none"


def chosen_cameras(wanted: Cameras) -> tuple[CameraProfile, ...]:
    """The profiles that are wanted, each once: names, paths, profiles, or texts of them with commas.

    ``all`` are those that come with mobilekit, ``none`` (and None) is no camera at all. Raises
    CameraError or UsageError.
    """
    if wanted is None:
        return ()
    given = wanted if isinstance(wanted, Sequence) and not isinstance(wanted, str) else [wanted]
    words: list[str | CameraProfile] = []
    for one in given:
        words += [one] if isinstance(one, CameraProfile) else _words(str(one))
    if NONE in words and len(words) > 1:
        message = f"camera: {NONE} goes with no other"
        raise UsageError(message, hint="name cameras, or none")
    found: dict[str, CameraProfile] = {}
    for word in words:
        for profile in _profiles(word):
            known = found.setdefault(profile.name, profile)
            if known.digest != profile.digest:
                message = f"two different camera profiles are called {profile.name}"
                raise UsageError(message, hint="give one of them another name =")
    return tuple(found[name] for name in sorted(found))


def _words(text: str) -> list[str | CameraProfile]:
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        message = f"camera: a name is missing in {text!r}"
        raise UsageError(message, hint=f"the cameras are {', '.join(resources.camera_names())}")
    return list(words)


def _profiles(word: str | CameraProfile) -> tuple[CameraProfile, ...]:
    if isinstance(word, CameraProfile):
        return (word,)
    if word == NONE:
        return ()
    names = resources.camera_names() if word == ALL else (word,)
    return tuple(named_profile(name) for name in names)
