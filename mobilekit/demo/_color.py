"""Colours of the procedural faces: sRGB transfer, Monk tones, palettes, light temperature."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt

# float32 everywhere in fact; the stubs widen float32 with a Python float to float64.
F32 = npt.NDArray[np.floating]
RGB = tuple[float, float, float]

# Monk Skin Tone Scale, tones 1 to 10, sRGB values published at https://skintone.google
# (Ellis Monk, 2022). Tone 3 is slightly lighter than tone 2 there; the rest darken in order.
MONK_HEX = (
    "f6ede4",
    "f3e7db",
    "f7ead0",
    "eadaba",
    "d7bd96",
    "a07e56",
    "825c43",
    "604134",
    "3a312a",
    "292420",
)
HAIR_HEX = ("15100e", "2b1b14", "4a2c1a", "7a4a26", "b07a3c", "d9b36c", "8f3f1f", "9c9a98", "e4e0da")
IRIS_HEX = ("2e1b10", "4f3018", "7a5a2a", "4f6b35", "3f6f8f", "6a8fae", "6d7a80")
CLOTH_HEX = ("31435c", "7d2f35", "39563f", "c9c3b6", "26262b", "b98a3a", "5d4a73", "5f8291")


def linear_from_srgb(value: float) -> float:
    """Linear light (0..1) of one sRGB component (0..1), IEC 61966-2-1."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def linear_from_hex(code: str) -> RGB:
    """Linear RGB of a six-digit sRGB hex code."""
    red, green, blue = (linear_from_srgb(int(code[i : i + 2], 16) / 255.0) for i in (0, 2, 4))
    return red, green, blue


def mix(first: RGB, second: RGB, amount: float) -> RGB:
    """Linear blend, `amount` 0 gives `first` and 1 gives `second`."""
    red, green, blue = (a + (b - a) * amount for a, b in zip(first, second, strict=True))
    return red, green, blue


def scaled(color: RGB, factor: float) -> RGB:
    """The colour times a factor."""
    return color[0] * factor, color[1] * factor, color[2] * factor


def light_color(kelvin: float) -> RGB:
    """Linear RGB of a black body, luminance 1, daylight (6500 K) nearly neutral.

    Fit by T. Helland, "How to convert temperature (K) to RGB" (2012), valid 1000..40000 K.
    """
    t = kelvin / 100.0
    red = 255.0 if t <= 66 else 329.698727446 * (t - 60) ** -0.1332047592
    low_green = 99.4708025861 * math.log(t) - 161.1195681661
    green = low_green if t <= 66 else 288.1221695283 * (t - 60) ** -0.0755148492
    low_blue = 0.0 if t <= 19 else 138.5177312231 * math.log(t - 10) - 305.0447927307
    blue = 255.0 if t >= 66 else low_blue
    red, green, blue = (linear_from_srgb(min(max(c, 0.0), 255.0) / 255.0) for c in (red, green, blue))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return red / luminance, green / luminance, blue / luminance


@cache
def _srgb_table() -> npt.NDArray[np.uint8]:
    """The sRGB byte for each of 8192 linear levels."""
    level = np.linspace(0.0, 1.0, 8192)
    encoded = np.where(level <= 0.0031308, level * 12.92, 1.055 * level ** (1 / 2.4) - 0.055)
    return np.round(encoded * 255.0).astype(np.uint8)


def srgb_bytes(linear: F32) -> npt.NDArray[np.uint8]:
    """Bytes H×W×3 of linear light 3×H×W, with a soft shoulder above 0.8."""
    knee = np.float32(0.8)
    over = np.maximum(linear - knee, 0.0)
    level = np.minimum(linear, knee) + over / (1.0 + over / np.float32(0.2))
    index = np.clip(level * 8191.0 + 0.5, 0.0, 8191.0).astype(np.uint16)
    return np.ascontiguousarray(_srgb_table()[index].transpose(1, 2, 0))
