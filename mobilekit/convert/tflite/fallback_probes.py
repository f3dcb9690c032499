"""Inputs by which two layouts of a model can be told apart: nothing in them is symmetric."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.description import ModelDescription, TensorDescription

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mobilekit.tensors import Array, TensorSpec

_NOISE = 0.2


def probe_feeds(
    inputs: Sequence[TensorSpec], description: ModelDescription, *, count: int = 2
) -> tuple[dict[str, Array], ...]:
    """``count`` feeds, always the same ones, different in every axis, input and feed.

    Images stay within their described range, other floats within -1…1; integers are 0 or 1, which
    are indices into anything.
    """
    said = [description.inputs.get(spec.name, TensorDescription()) for spec in inputs]
    return tuple(
        {s.name: _probe(s, said[index], seed=(feed, index)) for index, s in enumerate(inputs)}
        for feed in range(count)
    )


def _probe(spec: TensorSpec, said: TensorDescription, *, seed: tuple[int, int]) -> Array:
    dtype = np.dtype(spec.dtype.value)
    random = np.random.default_rng(seed)
    if not spec.dtype.is_float:
        return random.integers(0, 2, spec.shape).astype(dtype)
    pattern = _pattern(spec.shape, random)
    low, high = _range(said)
    return np.asarray(low + (high - low) * pattern).astype(dtype)


def _pattern(shape: tuple[int, ...], random: np.random.Generator) -> Array:
    """0…1: waves of another length and phase along every axis, with noise.

    Noise alone would not do: statistics over a map of noise are the same when it is transposed.
    """
    waves: Array = np.zeros(shape)
    for axis, size in enumerate(shape):
        steps = np.arange(size).reshape([-1 if i == axis else 1 for i in range(len(shape))])
        turns = (1 + axis * 1.3) * random.uniform(0.7, 1.3)
        waves = waves + np.sin(2 * np.pi * (turns * steps / max(size, 1) + random.uniform()))
    smooth = 0.5 + 0.5 * waves / max(len(shape), 1)
    return np.asarray((1 - _NOISE) * smooth + _NOISE * random.random(shape))


def _range(said: TensorDescription) -> tuple[float, float]:
    """The values of black and white that every channel can have."""
    if said.kind != "image":
        return -1.0, 1.0
    mean, std = said.affine()
    lows = [(0.0 - m) / s for m, s in zip(mean, std, strict=True)]
    highs = [(255.0 - m) / s for m, s in zip(mean, std, strict=True)]
    return max(lows), min(highs)
