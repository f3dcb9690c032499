"""The light in a photo: its colour, its amount, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.calibrate.audit.colour import XYZ_FROM_RGB, lightness, linear, luminance

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Mask = npt.NDArray[np.bool_]
    Pixels = npt.NDArray[np.uint8]

_CLIPPED = 0.95
_WHITE, _BLACK = 250, 8
_COLDEST, _WARMEST = 25_000.0, 1_500.0
_BACKLIT = 0.3  # of the surroundings' luminance: 1.7 stops darker
_WINDOW = 0.5  # luminance of what is against the light


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """How a photo is lit.

    ``brightness`` is the median of L*, ``contrast`` the distance between its 5th and 95th percentile
    (both 0…100). ``kelvin`` is the correlated colour temperature of what the camera's white balance
    left over: about 6500 if it took the light for what it was, less if the photo came out warm.
    ``over`` and ``under`` are the shares of pixels with a channel at white, and with all at black.
    ``backlit`` says that what is in the middle is far darker than what is around it.
    """

    brightness: float
    contrast: float
    kelvin: float
    over: float
    under: float
    backlit: bool


def light_of(small: Pixels, *, without: Mask | None = None) -> Light:
    """The light of a thumbnail (H×W×3 uint8); ``without`` masks skin, whose colour is not the light's."""
    light = linear(small)
    bright = luminance(light)
    low, middle, high = np.percentile(lightness(bright), [5, 50, 95])
    kept = light if without is None or without.all() else light[~without]
    return Light(
        brightness=float(middle),
        contrast=float(high - low),
        kelvin=colour_temperature(illuminant(kept)),
        over=float((small >= _WHITE).any(axis=-1).mean()),
        under=float((small <= _BLACK).all(axis=-1).mean()),
        backlit=_is_backlit(bright),
    )


def illuminant(light: Floats) -> Floats:
    """The colour of the light on a scene in linear RGB (…×3), up to a factor.

    Shades of grey (Finlayson and Trezzi 2004), the Minkowski mean of order 4: between the mean of
    grey-world and the brightest of white-patch. Over what is not clipped.
    """
    pixels = light.reshape(-1, 3)
    kept = pixels[(pixels[:, 0] < _CLIPPED) & (pixels[:, 1] < _CLIPPED) & (pixels[:, 2] < _CLIPPED)]
    chosen = kept if len(kept) > len(pixels) // 50 else pixels
    squares = chosen * chosen
    estimate: Floats = np.sqrt(np.sqrt(np.mean(squares * squares, axis=0))).astype(np.float32)
    return estimate + np.float32(1e-4)


def surround_gains(light: Floats) -> Floats:
    """Gains of R, G and B that take half of the estimated cast out of linear RGB (H×W×3).

    Half, because a face that fills the picture is a cast of its own.
    """
    estimate = illuminant(light)
    gains: Floats = (estimate / estimate.mean()) ** np.float32(-0.5)
    return gains


def colour_temperature(colour: Floats) -> float:
    """Correlated colour temperature in kelvin of a linear RGB colour, 1500…25 000.

    McCamy 1992, "Correlated color temperature as an explicit function of chromaticity coordinates":
    within a few kelvin of the definition between 2856 K and 6504 K, meaningless far from white.
    """
    x, y, z = (float(value) for value in XYZ_FROM_RGB @ colour)
    total = x + y + z
    slope = (x / total - 0.3320) / (0.1858 - y / total)
    kelvin = ((449.0 * slope + 3525.0) * slope + 6823.3) * slope + 5520.33
    return min(max(kelvin, _WARMEST), _COLDEST)


def _is_backlit(bright: Floats) -> bool:
    """Whether the surroundings are bright, and even what is lightest in the middle is far darker.

    The lightest, so that dark skin before a white wall is none: its eyes, teeth and clothes are light.
    """
    rows, columns = bright.shape
    middle = bright[rows // 4 : rows - rows // 4, columns // 3 : columns - columns // 3]
    parts = (bright[: rows // 3], bright[:, : columns // 5], bright[:, columns - columns // 5 :])
    around = float(np.percentile(np.concatenate([part.ravel() for part in parts]), 70))
    return around > _WINDOW and float(np.percentile(middle, 95)) < _BACKLIT * around
