"""Shot and read noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobilekit.calibrate.isp.noise import NoiseLevel, add_noise, noise_level
from mobilekit.calibrate.isp.profile import Sensor


def test_level_follows_the_papers() -> None:
    """Shot noise is proportional to ISO, read noise follows Brooks et al.'s line, frames divide both."""
    sensor = Sensor(shot_at_iso_100=0.0001)
    level = noise_level(sensor, 800)
    assert level.shot == pytest.approx(0.0008)
    assert math.log(level.read) == pytest.approx(2.18 * math.log(0.0008) + 1.2)
    merged = noise_level(Sensor(shot_at_iso_100=0.0001, frames=4), 800)
    assert (merged.shot, merged.read) == pytest.approx((level.shot / 4, level.read / 4))


@settings(max_examples=25)
@given(shot=st.floats(1e-5, 3e-4), iso=st.floats(50, 6400), value=st.floats(0, 1), seed=st.integers(0, 1000))
def test_variance_is_the_models(shot: float, iso: float, value: float, seed: int) -> None:
    """Measured on 65,536 pixels, the variance is shot·x + read within 4 %, and the mean stays."""
    level = noise_level(Sensor(shot_at_iso_100=shot), iso)
    raw = np.full((256, 256), value, np.float32)
    add_noise(raw, level, np.random.default_rng(seed))
    assert raw.var(dtype=np.float64) == pytest.approx(level.variance(value), rel=0.04, abs=1e-12)
    assert raw.mean(dtype=np.float64) == pytest.approx(
        value, abs=5 * math.sqrt(level.variance(value)) / 256 + 1e-6
    )


@given(low=st.floats(25, 12800), factor=st.floats(1.01, 8), value=st.floats(0, 1))
def test_variance_grows_with_iso(low: float, factor: float, value: float) -> None:
    """At every grey, a higher ISO is noisier."""
    sensor = Sensor(shot_at_iso_100=7.2e-5)
    assert noise_level(sensor, low * factor).variance(value) > noise_level(sensor, low).variance(value)


def test_no_noise() -> None:
    """A sensor without noise leaves values alone, and draws nothing."""
    raw, rng = np.full((4, 4), 0.5, np.float32), np.random.default_rng(0)
    assert noise_level(Sensor(), 100) == NoiseLevel(shot=0.0, read=0.0)
    add_noise(raw, noise_level(Sensor(), 100), rng)
    assert (raw == 0.5).all()
    assert rng.random() == np.random.default_rng(0).random()
