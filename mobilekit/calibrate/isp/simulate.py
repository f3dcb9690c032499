"""A photo as a phone's camera would have delivered it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mobilekit.calibrate.isp import colour
from mobilekit.calibrate.isp.conditions import Conditions, conditions
from mobilekit.calibrate.isp.curves import encode, encoding_table, linear_table
from mobilekit.calibrate.isp.encode import delivered
from mobilekit.calibrate.isp.filters import denoise, sharpen
from mobilekit.calibrate.isp.light import illuminate
from mobilekit.calibrate.isp.mosaic import demosaic, mosaic
from mobilekit.calibrate.isp.noise import add_noise, noise_level
from mobilekit.errors import InputDataError

if TYPE_CHECKING:
    from mobilekit.calibrate.isp.profile import CameraProfile

    Pixels = npt.NDArray[np.uint8]
    Planes = npt.NDArray[np.float32]

MINIMUM_SIDE = 8
"""Pixels that a side must have: filters reach over their neighbours."""


def simulate(pixels: Pixels, profile: CameraProfile, *, seed: int) -> Pixels:
    """H×W×3 uint8 sRGB → the same shape, as ``profile``'s camera would have delivered it.

    The same seed gives the same picture. Raises InputDataError for anything but such pixels.
    """
    _check(pixels)
    rng = np.random.default_rng(seed)
    shot = conditions(profile, rng)
    camera = colour.camera_of_srgb(profile.sensor.matrix)
    light = colour.light_colour(shot.temperature_kelvin)
    planes = _exposed(pixels, profile, shot, camera, light)
    planes = _on_the_sensor(planes, profile, shot, rng)
    return _developed(planes, profile, shot, camera, light)


def _exposed(
    pixels: Pixels,
    profile: CameraProfile,
    shot: Conditions,
    camera: npt.NDArray[np.float64],
    light: npt.NDArray[np.float64],
) -> Planes:
    """The light that reaches the sensor, in the camera's colours: 3×H×W, 1 saturates."""
    table = linear_table(profile.photo_contrast)
    planes = np.empty((3, *pixels.shape[:2]), np.float32)
    for channel, plane in enumerate(planes):
        np.take(table, pixels[:, :, channel], out=plane)
    illuminate(planes, profile.scene)
    planes = colour.mixed(planes, camera)
    colour.multiply(planes, camera @ light * shot.exposure)
    colour.undo_gains(planes, _daylight_gains(shot))  # last: only what now saturates is a highlight
    return planes


def _on_the_sensor(
    planes: Planes, profile: CameraProfile, shot: Conditions, rng: np.random.Generator
) -> Planes:
    """Mosaic, noise, saturation, and all three colours again."""
    sensor = profile.sensor
    raw = planes if sensor.bayer == "none" else mosaic(planes, sensor.bayer)
    add_noise(raw, noise_level(sensor, shot.iso), rng)
    np.minimum(raw, 1, out=raw)
    return raw if sensor.bayer == "none" else demosaic(raw, sensor.bayer)


def _developed(
    planes: Planes,
    profile: CameraProfile,
    shot: Conditions,
    camera: npt.NDArray[np.float64],
    light: npt.NDArray[np.float64],
) -> Pixels:
    steps = profile.processing
    error = np.array(shot.balance_error)
    gains = colour.balance(camera, light, adaptation=steps.white_balance_adaptation, error=error)
    colour.multiply(planes, gains * _daylight_gains(shot))
    colour.whiten_highlights(planes)
    planes = colour.mixed(planes, colour.saturating(steps.saturation) @ np.linalg.inv(camera))
    denoise(planes, luma_sigma=steps.denoise_luma_sigma, chroma_sigma=steps.denoise_chroma_sigma)
    encode(planes, encoding_table(steps.contrast, steps.shadows))
    sharpen(planes, amount=steps.sharpen, sigma=steps.sharpen_sigma)
    return delivered(planes, profile.output)


def _daylight_gains(shot: Conditions) -> npt.NDArray[np.float64]:
    return np.array([shot.red_gain, 1.0, shot.blue_gain])


def _check(pixels: Pixels) -> None:
    shape: tuple[int, ...] = getattr(pixels, "shape", ())
    right = len(shape) == 3 and shape[-1] == 3 and min(shape[:2]) >= MINIMUM_SIDE
    if not right or pixels.dtype != np.uint8:
        got = f"{getattr(pixels, 'dtype', type(pixels).__name__)} {list(shape)}"
        message = f"a photo is H×W×3 uint8 of {MINIMUM_SIDE} pixels a side at least, got {got}"
        raise InputDataError(message)
