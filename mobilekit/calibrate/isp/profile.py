"""What a camera does to the light of a scene, as numbers; the defaults change nothing."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from mobilekit.artifact import digest_of_bytes

Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]

PATTERNS = ("none", "rggb", "bggr", "grbg", "gbrg")
"""Colours of the upper left 2×2 pixels of a sensor, by rows; with ``none`` every pixel sees all three."""

DAYLIGHT_KELVIN = 6504.0
"""The colour temperature that a photo is taken to have been balanced for: sRGB's own white."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A number that differs from shot to shot: anywhere in ``low``…``high``."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The light: its colour, its amount (in stops), and where it comes from.

    ``centre`` and ``edge`` multiply the light in the middle and in the corners of the picture (a
    subject against the light; a lens that darkens corners); ``glare`` is the share of light that the
    lens spreads over the whole picture.
    """

    temperature_kelvin: Span = Span(low=DAYLIGHT_KELVIN, high=DAYLIGHT_KELVIN)
    exposure_stops: Span = Span(low=0.0, high=0.0)
    centre: float = 1.0
    edge: float = 1.0
    glare: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """Filters, sensitivity and noise.

    ``matrix`` turns XYZ into the camera's colours (a DNG's ColorMatrix for daylight); None: sRGB's own.
    The gains are what daylight's white balance multiplies red and blue with. A pixel of value x
    (0 black, 1 saturated) has variance shot·x + read, with shot = ``shot_at_iso_100``·ISO/100 and the
    read noise that goes with it, divided by ``frames``, the exposures that are averaged.
    """

    bayer: str = "none"
    matrix: Matrix | None = None
    red_gain: Span = Span(low=1.0, high=1.0)
    blue_gain: Span = Span(low=1.0, high=1.0)
    iso: Span = Span(low=100.0, high=100.0)
    shot_at_iso_100: float = 0.0
    frames: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """From raw values to a picture.

    ``white_balance_adaptation`` is the share of the light's colour that is taken out (in stops),
    ``white_balance_error`` the standard deviation of the natural logarithm of its gains; ``…_sigma``
    are Gaussians in pixels; ``contrast`` is the share of a smoothstep in the tone curve, ``shadows``
    lifts what is dark.
    """

    white_balance_adaptation: float = 1.0
    white_balance_error: float = 0.0
    saturation: float = 1.0
    denoise_luma_sigma: float = 0.0
    denoise_chroma_sigma: float = 0.0
    contrast: float = 1.0
    shadows: float = 0.0
    sharpen: float = 0.0
    sharpen_sigma: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What is delivered: ``brightness`` is added to values 0…1, JPEG is left out where it is None."""

    brightness: float = 0.0
    jpeg_quality: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraProfile:
    """A camera in a situation. ``short_side`` is the size in pixels of the frames that it delivers.

    ``photo_contrast`` is the ``contrast`` that photos are taken to have been developed with.
    """

    name: str
    about: str = ""
    short_side: int | None = None
    photo_contrast: float = 1.0
    scene: Scene = field(default_factory=Scene)
    sensor: Sensor = field(default_factory=Sensor)
    processing: Processing = field(default_factory=Processing)
    output: Output = field(default_factory=Output)

    @property
    def digest(self) -> str:
        """SHA-256 of all that a picture depends on: every number, not the name."""
        said = asdict(self)
        said.pop("name")
        said.pop("about")
        return digest_of_bytes(json.dumps(said, sort_keys=True).encode())
