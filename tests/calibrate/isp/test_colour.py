"""Camera colours, white balance, the colour of light."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.calibrate.isp import colour
from mobilekit.calibrate.isp.profile_file import named_profile

PHONE = named_profile("flagship_android").sensor.matrix
NO_ERROR = np.ones(3)


def planes(*rgb: float) -> np.ndarray:
    """One pixel."""
    return np.array(rgb, np.float32).reshape(3, 1, 1)


def test_white_is_white_for_the_camera() -> None:
    """The sRGB → camera matrix of a phone keeps white, and none is the identity."""
    assert colour.camera_of_srgb(PHONE).sum(axis=1) == pytest.approx(1)
    assert not np.allclose(colour.camera_of_srgb(PHONE), np.eye(3), atol=0.05)
    assert np.array_equal(colour.camera_of_srgb(None), np.eye(3))


def test_mixing_is_a_product() -> None:
    """Mixed is the matrix product per pixel."""
    matrix, pixels = colour.camera_of_srgb(PHONE), np.random.default_rng(0).random((3, 4, 5), np.float32)
    assert colour.mixed(pixels, matrix) == pytest.approx(np.einsum("ij,jhw->ihw", matrix, pixels), abs=1e-6)


def test_saturation_keeps_luminance() -> None:
    """Saturation 0 is grey of the same luminance, 1 changes nothing, 1.2 keeps the luminance too."""
    pixel = planes(0.6, 0.3, 0.1)
    grey = colour.mixed(pixel, colour.saturating(0.0)).ravel()
    assert grey == pytest.approx(np.full(3, colour.LUMINANCE @ pixel.ravel()), abs=1e-6)
    assert colour.mixed(pixel, colour.saturating(1.0)) == pytest.approx(pixel)
    vivid = colour.mixed(pixel, colour.saturating(1.2)).ravel()
    assert colour.LUMINANCE @ vivid == pytest.approx(float(grey[0]), abs=1e-6)
    assert vivid[0] > 0.6


@given(grey=st.floats(0, 0.9))
def test_gains_are_undone(grey: float) -> None:
    """Up to the inflection of 0.9, dividing by gains is a division."""
    pixel, gains = planes(grey, grey, grey), np.array([2.1, 1.0, 1.7])
    colour.undo_gains(pixel, gains)
    assert pixel.ravel() == pytest.approx(grey / gains, rel=1e-5, abs=1e-7)


def test_saturated_stays_saturated() -> None:
    """White is saturated in every colour of the sensor, whatever the gains; plain division would not say so."""
    pixel = planes(1.0, 1.0, 1.0)
    colour.undo_gains(pixel, np.array([2.1, 1.0, 1.7]))
    assert pixel.ravel() == pytest.approx(1)


def test_highlights_are_white() -> None:
    """Where gains have tinted a saturated pixel it becomes white; a bright colour keeps its hue."""
    burnt, red = planes(2.1, 0.98, 1.7), planes(1.3, 0.05, 0.04)
    for pixel in (burnt, red):
        colour.whiten_highlights(pixel)
    assert burnt.ravel() == pytest.approx(1)
    assert red.ravel() == pytest.approx([1, 0.05, 0.04])


@given(rgb=st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3))
def test_what_is_not_saturated_stays(rgb: list[float]) -> None:
    """Values up to 1 are left alone."""
    pixel = planes(*rgb)
    colour.whiten_highlights(pixel)
    assert pixel.ravel() == pytest.approx(rgb, abs=1e-7)


def test_light() -> None:
    """Daylight is white, a lamp orange, the sky's shade blue, all of luminance 1."""
    assert colour.light_colour(6504) == pytest.approx(1)
    lamp, shade = colour.light_colour(2700), colour.light_colour(10000)
    assert lamp[0] > 1.3 > lamp[1] > 2 * lamp[2] > 0
    assert shade[0] < shade[1] < shade[2]
    for light in (lamp, shade):
        assert colour.LUMINANCE @ light == pytest.approx(1)


@pytest.mark.parametrize("kelvin", [2222, 4000])
def test_light_is_continuous(kelvin: float) -> None:
    """The pieces of the locus meet."""
    assert colour.light_colour(kelvin) == pytest.approx(colour.light_colour(kelvin + 0.1), rel=2e-2)


@given(kelvin=st.floats(2000, 20000), adaptation=st.floats(0, 1))
def test_balance_keeps_luminance(kelvin: float, adaptation: float) -> None:
    """Whatever the light and the share of it that is taken out, white keeps its luminance."""
    camera, light = colour.camera_of_srgb(PHONE), colour.light_colour(kelvin)
    gains = colour.balance(camera, light, adaptation=adaptation, error=NO_ERROR)
    seen = np.linalg.solve(camera, camera @ light * gains)
    assert colour.LUMINANCE @ seen == pytest.approx(1)
    if adaptation == 1:
        assert seen == pytest.approx(1)


def test_balance_takes_out_a_share() -> None:
    """The less is taken out, the more of the lamp's orange remains; an error tints."""
    camera, light = colour.camera_of_srgb(PHONE), colour.light_colour(2800)
    red = [
        np.linalg.solve(camera, camera @ light * colour.balance(camera, light, adaptation=a, error=NO_ERROR))[
            0
        ]
        for a in (0.0, 0.5, 1.0)
    ]
    assert red == pytest.approx([light[0], red[1], 1])
    assert red[0] > red[1] > red[2]
    wrong = colour.balance(camera, light, adaptation=1.0, error=np.array([1.1, 1.0, 1.0]))
    right = colour.balance(camera, light, adaptation=1.0, error=NO_ERROR)
    assert (wrong / wrong[1])[0] == pytest.approx(1.1 * (right / right[1])[0])


def test_usable_matrices() -> None:
    """A matrix that sees two colours alike, or no white in one, is no camera."""
    assert PHONE is not None
    assert colour.invertible(PHONE)
    assert not colour.invertible((PHONE[0], PHONE[0], PHONE[2]))
    assert not colour.invertible((PHONE[0], PHONE[1], (0.0, 0.0, 0.0)))
