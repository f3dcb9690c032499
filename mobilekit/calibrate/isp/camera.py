"""A set of photos as several cameras would have delivered them; made when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mobilekit.artifact import digest_of_bytes
from mobilekit.calibrate.isp.simulate import simulate
from mobilekit.calibrate.photos import DrawnPhoto, Photos, PhotoSet, preview_of
from mobilekit.calibrate.samples import RecentArrays
from mobilekit.errors import UsageError

if TYPE_CHECKING:
    from mobilekit.calibrate.isp.profile import CameraProfile

    Pixels = npt.NDArray[np.uint8]

_KEPT_BYTES = 16 << 20


def camera_photos(photos: Photos, profiles: Sequence[CameraProfile], *, seed: int = 0) -> PhotoSet:
    """Every photo through every camera: photo i by camera c is item c·n + i, named ``camera/photo``.

    Pictures are made one at a time. Each has noise and conditions of its own, by ``seed``, the photo's
    source and the profile's numbers, wherever it stands in whichever set. Raises UsageError for
    profiles of one name.
    """
    ordered = sorted(profiles, key=lambda profile: profile.name)
    names = [profile.name for profile in ordered]
    for name in names:
        if names.count(name) > 1:
            message = f"camera profile {name} is given twice"
            raise UsageError(message, hint="give every profile once, each with a name of its own")
    frames = Frames(photos)
    # Not sorted by name: "a-b/x" is before "a/x", and items must be where they are said to be.
    files = tuple(
        _taken(frames, photos, index, profile, seed) for profile in ordered for index in range(len(photos))
    )
    digest = digest_of_bytes("\n".join(file.digest for file in files).encode())
    return PhotoSet(files=files, digest=digest, skipped=photos.skipped)


def frame(pixels: Pixels, profile: CameraProfile) -> Pixels:
    """``pixels`` scaled down to the camera's frames; smaller photos stay as they are."""
    from PIL import Image

    height, width = pixels.shape[:2]
    if profile.short_side is None or min(height, width) <= profile.short_side:
        return pixels
    scale = profile.short_side / min(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


def picture_seed(source: str, profile: CameraProfile, seed: int) -> int:
    """The seed of one photo's picture by one camera."""
    return int(digest_of_bytes(f"{seed}\0{source}\0{profile.digest}".encode())[:16], 16)


class Frames:
    """The frames made last, so that a photo is decoded once for all cameras that take it in turn."""

    def __init__(self, photos: Photos) -> None:
        self._photos = photos
        self._recent = RecentArrays(_KEPT_BYTES)

    def of(self, index: int, profile: CameraProfile) -> Pixels:
        """The frame of photo ``index``."""
        return self._recent.get((index, profile.short_side), lambda: self._made(index, profile))

    def _made(self, index: int, profile: CameraProfile) -> Pixels:
        if profile.short_side is None:
            return self._photos[index].pixels
        return frame(preview_of(self._photos, index, profile.short_side), profile)


def _taken(frames: Frames, photos: Photos, index: int, profile: CameraProfile, seed: int) -> DrawnPhoto:
    source = photos.sources[index]
    own_seed = picture_seed(source, profile, seed)
    return DrawnPhoto(
        name=f"{profile.name}/{photos.names[index]}",
        digest=digest_of_bytes(f"{photos.digest}\0{index}\0{profile.digest}\0{own_seed}".encode()),
        draw=lambda: simulate(frames.of(index, profile), profile, seed=own_seed),
        person=photos.people[index],
        made_from=source,
    )
