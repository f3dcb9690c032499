"""Before and after pictures, to look at."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mobilekit.calibrate.isp.camera import Frames, picture_seed
from mobilekit.calibrate.isp.simulate import simulate
from mobilekit.errors import UsageError
from mobilekit.store.canonical import atomic_write

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mobilekit.calibrate.isp.profile import CameraProfile
    from mobilekit.calibrate.photos import Photos

    Pixels = npt.NDArray[np.uint8]


def write_pictures(
    photos: Photos, profiles: Sequence[CameraProfile], out: Path, *, seed: int = 0
) -> tuple[Path, ...]:
    """``PHOTO.before.png`` and ``PHOTO.PROFILE.png`` for each photo and profile; the files written.

    ``before`` is the photo at the largest size that a camera delivers. These are the pictures that
    calibration sees. Raises PhotoError, UsageError or OutputError.
    """
    if not profiles:
        message = "no camera profile is given"
        raise UsageError(message, hint="name cameras: --profile iphone")
    written: list[Path] = []
    frames = Frames(photos)
    largest = max(profiles, key=lambda profile: profile.short_side or sys.maxsize)
    for index, label in enumerate(_labels(photos.names)):
        written.append(_write(out / f"{label}.before.png", frames.of(index, largest)))
        for profile in profiles:
            seed_here = picture_seed(photos.sources[index], profile, seed)
            after = simulate(frames.of(index, profile), profile, seed=seed_here)
            written.append(_write(out / f"{label}.{profile.name}.png", after))
    return tuple(written)


def _labels(names: Sequence[str]) -> list[str]:
    """File names without folder and suffix; numbered where two photos would share one."""
    stems = [PurePosixPath(name).stem for name in names]
    return [f"{s}-{stems[:i].count(s) + 1}" if stems.count(s) > 1 else s for i, s in enumerate(stems)]


def _write(path: Path, pixels: Pixels) -> Path:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=3)
    atomic_write(path, buffer.getvalue())
    return path
