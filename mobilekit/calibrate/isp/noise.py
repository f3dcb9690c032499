"""Shot and read noise of a sensor at an ISO."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from mobilekit.calibrate.isp.profile import Sensor

    Planes = npt.NDArray[np.float32]

_READ_SLOPE, _READ_OFFSET = 2.18, 1.20


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseLevel:
    """A raw value x (0…1) has variance ``shot``·x + ``read``."""

    shot: float
    read: float

    def variance(self, value: float) -> float:
        """Variance of a raw value."""
        return self.shot * value + self.read


def noise_level(sensor: Sensor, iso: float) -> NoiseLevel:
    """The noise at ``iso``: the shot noise is proportional to it, and the read noise follows.

    The relation log(read) = 2.18·log(shot) + 1.20 is what Brooks et al. 2019 (section 3.2) found on
    the cameras of the Darmstadt Noise Dataset, a phone among them. Averaging frames divides both.
    """
    shot = sensor.shot_at_iso_100 * iso / 100
    if shot <= 0:
        return NoiseLevel(shot=0.0, read=0.0)
    read = math.exp(_READ_SLOPE * math.log(shot) + _READ_OFFSET)
    return NoiseLevel(shot=shot / sensor.frames, read=read / sensor.frames)


def add_noise(raw: Planes, level: NoiseLevel, rng: np.random.Generator) -> None:
    """Add Gaussian noise of the level's variance in place; values may become negative."""
    if level.shot == 0 and level.read == 0:
        return
    deviation = np.maximum(raw, 0)
    deviation *= np.float32(level.shot)
    deviation += np.float32(level.read)
    np.sqrt(deviation, out=deviation)
    deviation *= rng.standard_normal(raw.shape, dtype=np.float32)
    raw += deviation
