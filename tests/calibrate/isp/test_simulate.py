"""A photo through a camera."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobilekit import resources
from mobilekit.calibrate.isp.colour import LUMINANCE
from mobilekit.calibrate.isp.curves import linear_table, srgb_decoded
from mobilekit.calibrate.isp.profile import CameraProfile, Output, Processing, Scene, Sensor, Span
from mobilekit.calibrate.isp.profile_file import named_profile
from mobilekit.calibrate.isp.simulate import simulate
from mobilekit.errors import InputDataError

NEUTRAL = CameraProfile(name="neutral")
PHONE = named_profile("flagship_android")


def photo(height: int = 40, width: int = 52, seed: int = 0) -> np.ndarray:
    """Every value and colour, with edges."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def grey(value: int, side: int = 96) -> np.ndarray:
    """A grey card that fills the picture."""
    return np.full((side, side, 3), value, np.uint8)


def linear(pixels: np.ndarray, contrast: float = 1.0) -> np.ndarray:
    """Mean linear light of a picture, per colour."""
    return linear_table(contrast)[pixels].astype(np.float64).mean(axis=(0, 1))


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32), height=st.integers(8, 60), width=st.integers(8, 60), contrast=st.floats(0, 1)
)
def test_identity(seed: int, height: int, width: int, contrast: float) -> None:
    """A camera that changes nothing returns the photo within 1/255, whatever tone curve it is taken to have."""
    pixels = photo(height, width, seed % 1000)
    same = replace(NEUTRAL, photo_contrast=contrast, processing=Processing(contrast=contrast))
    assert np.abs(simulate(pixels, same, seed=seed).astype(int) - pixels).max() <= 1


def test_the_neutral_profile_is_one() -> None:
    """calibration/neutral.toml is the identity too, and says every key."""
    pixels = photo(64, 64)
    assert np.abs(simulate(pixels, named_profile("neutral"), seed=5).astype(int) - pixels).max() <= 1
    assert named_profile("neutral").digest == NEUTRAL.digest


@pytest.mark.parametrize("kelvin", [2800.0, 6504.0, 9000.0])
def test_colours_come_back(kelvin: float) -> None:
    """Camera colours, gains and a light that is wholly taken out are undone: within 1/255 up to the highlights."""
    pixels = (photo() * 0.8).astype(np.uint8)
    sensor = replace(PHONE.sensor, bayer="none", shot_at_iso_100=0.0)
    camera = replace(
        NEUTRAL,
        sensor=sensor,
        scene=Scene(temperature_kelvin=Span(low=kelvin, high=kelvin), exposure_stops=Span(low=0, high=0)),
    )
    got = simulate(pixels, camera, seed=1).astype(int)
    if kelvin == 6504:
        assert np.abs(got - pixels).max() <= 1
    else:  # a strong tint saturates single colours
        assert np.quantile(np.abs(got - pixels), 0.9) <= 12


@pytest.mark.parametrize("name", resources.camera_names())
def test_deterministic(name: str) -> None:
    """The same seed gives the same bytes, the argument stays, and the shape too; another seed differs."""
    pixels = photo(41, 37)
    before, profile = pixels.copy(), named_profile(name)
    first = simulate(pixels, profile, seed=7)
    assert np.array_equal(first, simulate(pixels, profile, seed=7))
    assert np.array_equal(pixels, before)
    assert first.shape == pixels.shape
    assert first.dtype == np.uint8
    if name != "neutral":
        assert not np.array_equal(first, simulate(pixels, profile, seed=8))


@settings(max_examples=20, deadline=None)
@given(stops=st.floats(-3, 0.5), value=st.integers(60, 150))
def test_grey_card_has_the_exposure(stops: float, value: int) -> None:
    """A grey card has 2^stops of its light, in every colour alike."""
    camera = replace(
        PHONE,
        scene=Scene(exposure_stops=Span(low=stops, high=stops)),
        processing=Processing(),
        sensor=replace(PHONE.sensor, shot_at_iso_100=0.0),
        output=Output(),
    )
    card = grey(value, 16)
    assert linear(simulate(card, camera, seed=0)) == pytest.approx(
        linear(card) * 2**stops, rel=0.04, abs=4e-4
    )


@settings(max_examples=20, deadline=None)
@given(kelvin=st.floats(2500, 12000), adaptation=st.floats(0, 1))
def test_grey_card_keeps_its_luminance(kelvin: float, adaptation: float) -> None:
    """Under any light and balance a grey card's luminance is its own; wholly balanced it is grey."""
    camera = replace(
        NEUTRAL,
        scene=Scene(temperature_kelvin=Span(low=kelvin, high=kelvin)),
        sensor=Sensor(matrix=PHONE.sensor.matrix),
        processing=Processing(white_balance_adaptation=adaptation),
    )
    card = grey(100, 8)
    got = linear(simulate(card, camera, seed=0))
    assert LUMINANCE @ got == pytest.approx(float(linear(card)[0]), rel=0.03)
    if adaptation > 0.999:
        assert np.ptp(got) < 0.01 * got.mean()


def test_warm_light_is_orange() -> None:
    """Lamp light of which a part stays makes a grey card orange; shade makes it blue."""
    for kelvin, order in ((2800.0, (0, 1, 2)), (11000.0, (2, 1, 0))):
        camera = replace(
            NEUTRAL,
            scene=Scene(temperature_kelvin=Span(low=kelvin, high=kelvin)),
            processing=Processing(white_balance_adaptation=0.5),
        )
        red, green, blue = (linear(simulate(grey(110, 8), camera, seed=0))[c] for c in order)
        assert red > green > blue


def test_noise_grows_with_iso() -> None:
    """On a grey card developed without blur, each fourfold ISO is about twice as rough."""
    rough = []
    for iso in (100.0, 400.0, 1600.0, 6400.0):
        sensor = replace(PHONE.sensor, bayer="none", iso=Span(low=iso, high=iso), frames=1)
        camera = replace(NEUTRAL, sensor=sensor, processing=Processing(contrast=0.0), photo_contrast=0.0)
        got = simulate(grey(120), camera, seed=1)
        rough.append(float(srgb_decoded(got[:, :, 1] / 255).std()))
    ratios = np.divide(rough[1:], rough[:-1])
    assert (ratios > 1.6).all(), rough
    assert (ratios < 2.6).all(), rough


def test_night_is_rougher_than_day() -> None:
    """The profiles keep what their names promise, on a grey card and a half bright one."""
    card, bright = grey(140), grey(128)
    looks = {
        name: simulate(card, named_profile(name), seed=2).astype(float) for name in resources.camera_names()
    }
    means = {name: look.mean() for name, look in looks.items()}
    spread = {name: look[40:56, 40:56].std(axis=(0, 1)).mean() for name, look in looks.items()}
    assert spread["neutral"] == 0
    assert spread["flagship_android"] < spread["budget_android"] < spread["night"]
    assert means["night"] < 0.7 * means["flagship_android"]
    red, _, blue = looks["indoor_warm"].mean(axis=(0, 1))
    assert red > 1.3 * blue
    backlit = simulate(bright, named_profile("backlight"), seed=2).astype(float)
    assert backlit[44:52, 44:52].mean() < 0.75 * backlit[:4, :4].mean()


def test_white_stays_white() -> None:
    """A burnt-out photo is burnt out, never pink, in ordinary light."""
    for name in ("flagship_android", "iphone", "budget_android"):
        got = simulate(grey(255), named_profile(name), seed=3).astype(int)
        middle = got[40:56, 40:56].mean(axis=(0, 1))
        assert middle.min() > 190
        assert middle[1] > middle.mean() - 4


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((20, 20), np.uint8),
        np.zeros((20, 20, 3), np.float32),
        np.zeros((4, 20, 3), np.uint8),
        "photo",
    ],
)
def test_only_pixels(pixels: object) -> None:
    """Anything but H×W×3 uint8 of a few pixels is refused by what it is."""
    with pytest.raises(InputDataError, match="H×W×3 uint8"):
        simulate(pixels, NEUTRAL, seed=0)  # type: ignore[arg-type]
