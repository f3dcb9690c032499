"""The light of grey cards and lamps whose colour, amount and place are known."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.calibrate.audit.colour import XYZ_FROM_RGB, lab, linear, luminance
from mobilekit.calibrate.audit.light import colour_temperature, illuminant, light_of


def srgb(light: np.ndarray) -> np.ndarray:
    """Bytes of linear light."""
    encoded = np.where(
        light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055
    )
    return np.round(np.clip(encoded, 0, 1) * 255).astype(np.uint8)


def card(xy: tuple[float, float], reflectances: tuple[float, ...] = (0.02, 0.1, 0.3)) -> np.ndarray:
    """A grey card with patches, lit by a light of CIE chromaticity ``xy``."""
    x, y = xy
    colour = np.linalg.solve(XYZ_FROM_RGB.astype(np.float64), [x / y, 1.0, (1 - x - y) / y])
    patches = np.repeat(np.array(reflectances), 20)[None, :, None] * colour
    return srgb(np.broadcast_to(patches, (60, patches.shape[1], 3)))


def grey(value: int, shape: tuple[int, int] = (60, 80)) -> np.ndarray:
    return np.full((*shape, 3), value, np.uint8)


@pytest.mark.parametrize(
    ("xy", "kelvin"),
    [
        ((0.44757, 0.40745), 2856),
        ((0.34567, 0.35850), 5003),
        ((0.31271, 0.32902), 6504),
        ((0.29902, 0.31485), 7504),
    ],
    ids=["A", "D50", "D65", "D75"],
)
def test_the_temperature_of_cie_illuminants(xy: tuple[float, float], kelvin: float) -> None:
    """Grey cards under A, D50, D65 and D75 have those illuminants' temperatures within 3 %."""
    assert light_of(card(xy)).kelvin == pytest.approx(kelvin, rel=0.03)


def test_a_skin_is_not_taken_for_a_lamp() -> None:
    """A face that fills half of a neutral picture warms it, unless the skin is left out."""
    picture = card((0.31271, 0.32902))
    picture[:, :30] = (200, 140, 110)
    mask = np.zeros(picture.shape[:2], bool)
    mask[:, :30] = True
    assert light_of(picture).kelvin < 5500
    assert light_of(picture, without=mask).kelvin == pytest.approx(6504, rel=0.03)


def test_colours_without_a_temperature_stay_in_bounds() -> None:
    """Pure red, green, blue and black have no colour temperature: bounds are returned, nothing fails."""
    for colour in ([1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0], [1e-4, 1e-4, 1e-4]):
        assert 1500 <= colour_temperature(np.array(colour, np.float32)) <= 25_000


@pytest.mark.parametrize(("value", "lightness"), [(0, 0.0), (119, 50.0), (255, 100.0)])
def test_brightness_and_contrast_of_a_plain_card(value: int, lightness: float) -> None:
    """A plain grey card has its own L* as brightness, and no contrast."""
    light = light_of(grey(value))
    assert light.brightness == pytest.approx(lightness, abs=0.3)
    assert light.contrast == pytest.approx(0.0, abs=1e-3)


def test_contrast_of_black_and_white() -> None:
    """Half black and half white is the whole scale of L*."""
    picture = grey(0)
    picture[:, 40:] = 255
    assert light_of(picture).contrast == pytest.approx(100.0, abs=0.1)


def test_clipped_shares() -> None:
    """A quarter at white is a quarter over-exposed, a tenth at black a tenth under-exposed."""
    picture = grey(128, (40, 100))
    picture[:, :25] = (255, 240, 180)
    picture[:, 25:35] = 3
    light = light_of(picture)
    assert light.over == pytest.approx(0.25)
    assert light.under == pytest.approx(0.10)
    plain = light_of(grey(128))
    assert (plain.over, plain.under) == (0.0, 0.0)


def test_a_dark_middle_before_a_window_is_backlit() -> None:
    """A silhouette before a bright window is; the same person in the window's light is not."""
    picture = grey(220, (120, 160))
    picture[20:, 50:110] = 40
    assert light_of(picture).backlit
    picture[20:60, 60:100] = 170
    picture[60:, 50:110] = 150
    assert not light_of(picture).backlit
    assert not light_of(grey(40)).backlit


def test_dark_skin_before_a_white_wall_is_not_backlit() -> None:
    """Where eyes, teeth or a collar are light the light comes from the front, however dark the skin is."""
    picture = grey(230, (120, 160))
    picture[20:, 50:110] = (58, 49, 42)
    picture[50:56, 62:98] = 200
    picture[96:, 60:100] = 180
    assert not light_of(picture).backlit


def test_lab_is_that_of_scikit_image() -> None:
    """CIELAB and luminance agree with scikit-image's to 0.1 of a unit over random colours."""
    from skimage.color import rgb2gray, rgb2lab

    pixels = np.random.default_rng(0).integers(0, 256, (20, 20, 3)).astype(np.uint8)
    assert np.abs(lab(linear(pixels)) - rgb2lab(pixels)).max() < 0.1
    assert rgb2gray(linear(pixels)) == pytest.approx(luminance(linear(pixels)), abs=1e-3)


def test_the_estimate_follows_the_light_up_to_a_factor() -> None:
    """Twice the light has the same estimated colour."""
    light = linear(card((0.44757, 0.40745)))
    first, second = illuminant(light), illuminant(light * np.float32(0.5))
    assert first / first.sum() == pytest.approx(second / second.sum(), abs=1e-3)
