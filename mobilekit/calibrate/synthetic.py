"""Made-up feeds, to verify a conversion where a user gave no data; never to calibrate with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.calibrate.fit import image_fit
from mobilekit.calibrate.framing import crop_and_resize
from mobilekit.description import TensorDescription
from mobilekit.errors import DescriptionError

if TYPE_CHECKING:
    import numpy.typing as npt

    from mobilekit.description import ModelDescription
    from mobilekit.tensors import Array, Feed, TensorSpec

    Pixels = npt.NDArray[np.uint8]

_CANVAS = 256


def synthetic_samples(
    inputs: tuple[TensorSpec, ...],
    description: ModelDescription,
    *,
    count: int,
    seed: int = 0,
    pictures: Sequence[Pixels] = (),
) -> Sequence[Feed]:
    """``count`` feeds from a seed: image inputs show ``pictures`` (drawn patterns without them).

    Float arrays are uniform in 0…1 in even feeds and in -1…1 in odd ones; integers are 0 or 1, so
    that they are indices into anything. An image whose range is not said yet is fed like an array.
    """
    feeds = []
    for index in range(count):
        rng = np.random.default_rng((seed, index))
        low = -1.0 if index % 2 else 0.0
        feeds.append({spec.name: _value(spec, description, rng, low, pictures) for spec in inputs})
    return feeds


def _value(
    spec: TensorSpec,
    description: ModelDescription,
    rng: np.random.Generator,
    low: float,
    pictures: Sequence[Pixels],
) -> Array:
    said = description.inputs.get(spec.name, TensorDescription())
    if said.kind == "image":
        try:
            fit = image_fit(spec, said)
        except DescriptionError:
            return _array(spec, rng, low)
        chosen = [
            pictures[int(rng.integers(len(pictures)))] if pictures else pattern(rng) for _ in range(fit.batch)
        ]
        return fit.tensor([fit.crop(pixels) for pixels in chosen])
    return _array(spec, rng, low)


def _array(spec: TensorSpec, rng: np.random.Generator, low: float) -> Array:
    if spec.dtype.is_float:
        return rng.uniform(low, 1.0, spec.shape).astype(spec.dtype.value)
    return rng.integers(0, 2, spec.shape).astype(spec.dtype.value)


def pattern(rng: np.random.Generator) -> Pixels:
    """A picture with smooth shades, hard edges and grain: 256×256×3 uint8."""
    coarse = rng.integers(0, 256, (6, 6, 3)).astype(np.uint8)
    canvas = crop_and_resize(coarse, _CANVAS, _CANVAS).astype(np.int16)
    for _ in range(4):
        top, left = rng.integers(0, _CANVAS - 64, 2)
        canvas[top : top + 64, left : left + 48] = rng.integers(0, 256, 3)
    canvas += rng.integers(-12, 13, canvas.shape).astype(np.int16)
    return np.clip(canvas, 0, 255).astype(np.uint8)
