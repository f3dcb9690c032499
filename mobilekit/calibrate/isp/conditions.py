"""One shot's numbers, drawn from what a profile allows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from mobilekit.calibrate.isp.profile import CameraProfile, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What differs between two shots of one camera; ``balance_error`` multiplies red, green and blue."""

    exposure: float
    temperature_kelvin: float
    iso: float
    red_gain: float
    blue_gain: float
    balance_error: tuple[float, float, float]


def conditions(profile: CameraProfile, rng: np.random.Generator) -> Conditions:
    """Draw a shot: ISO evenly in stops, everything else evenly, the balance's error normally."""
    scene, sensor = profile.scene, profile.sensor
    stops = _between(scene.exposure_stops, rng)
    temperature = _between(scene.temperature_kelvin, rng)
    iso_stops = math.log2(sensor.iso.low), math.log2(sensor.iso.high)
    iso = 2.0 ** float(rng.uniform(*iso_stops))
    red, blue = _between(sensor.red_gain, rng), _between(sensor.blue_gain, rng)
    error = rng.standard_normal(2) * profile.processing.white_balance_error
    return Conditions(
        exposure=2.0**stops,
        temperature_kelvin=temperature,
        iso=iso,
        red_gain=red,
        blue_gain=blue,
        balance_error=(math.exp(error[0]), 1.0, math.exp(error[1])),
    )


def _between(span: Span, rng: np.random.Generator) -> float:
    return float(rng.uniform(span.low, span.high))
