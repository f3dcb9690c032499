"""Made-up feeds fit any input and come back the same from the same seed."""

from __future__ import annotations

import numpy as np

from mobilekit.calibrate.synthetic import synthetic_samples
from mobilekit.description import ModelDescription, TensorDescription
from mobilekit.tensors import DType, TensorSpec

INPUTS = (
    TensorSpec(name="image", dtype=DType.FLOAT32, shape=(1, 3, 24, 24)),
    TensorSpec(name="latent", dtype=DType.FLOAT32, shape=(2, 5)),
    TensorSpec(name="index", dtype=DType.INT64, shape=(4,)),
    TensorSpec(name="mask", dtype=DType.BOOL, shape=(1, 8)),
)
SAID = ModelDescription(name="m", inputs={"image": TensorDescription(kind="image", range=(-1.0, 1.0))})


def test_feeds_fit_and_repeat() -> None:
    """Shapes and types are the inputs'; a seed gives the same feeds, another seed others."""
    first, again, other = (synthetic_samples(INPUTS, SAID, count=3, seed=seed) for seed in (1, 1, 2))
    for feed, same, different in zip(first, again, other, strict=True):
        for spec in INPUTS:
            assert feed[spec.name].shape == spec.shape
            assert feed[spec.name].dtype.name == spec.dtype.value
            assert np.array_equal(feed[spec.name], same[spec.name])
        assert not np.array_equal(feed["latent"], different["latent"])
        assert set(feed["index"].tolist()) <= {0, 1}
        assert np.abs(feed["image"]).max() <= 1
        assert feed["image"].std() > 0.1


def test_pictures_are_shown() -> None:
    """Pictures that are given are what images show."""
    white = np.full((40, 40, 3), 255, np.uint8)
    (feed,) = synthetic_samples(INPUTS, SAID, count=1, pictures=[white])
    assert (feed["image"] == 1).all()


def test_unfinished_image_is_fed_like_an_array() -> None:
    """Verification does not need to know black and white."""
    said = ModelDescription(name="m", inputs={"image": TensorDescription(kind="image")})
    (feed,) = synthetic_samples(INPUTS, said, count=1)
    assert feed["image"].shape == (1, 3, 24, 24)
