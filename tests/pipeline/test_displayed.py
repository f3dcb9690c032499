"""What a picture shows of an output: nothing beyond black and white."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.description import TensorDescription
from mobilekit.pipeline.displayed import DisplayedSession, clipped
from mobilekit.tensors import DType, TensorSpec


class _Session:
    name = "somebody"
    inputs = ()
    outputs = (TensorSpec(name="picture", dtype=DType.FLOAT32, shape=(1, 3, 1, 2)),)
    closed = False

    def run(self, feed, *, taps=()):
        values = np.array([-9.0, 9.0] * 3, np.float32).reshape(1, 3, 1, 2)
        return {"picture": values, "scores": values}

    def close(self):
        self.closed = True


def test_pictures_end_at_black_and_white_and_scores_do_not():
    """Outputs described as images are clipped to their range, everything else is as the model says."""
    said = {"picture": TensorDescription(kind="image", range=(-1.0, 1.0)), "scores": TensorDescription()}
    inner = _Session()
    with DisplayedSession(inner, said) as session:
        found = session.run({})
        assert session.name == "somebody"
    np.testing.assert_allclose(found["picture"].reshape(3, 2), [[-1.0, 1.0]] * 3)
    assert found["scores"].max() == 9.0
    assert inner.closed


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_every_channel_has_its_own_ends(layout):
    """Mean and std per channel, along the channel axis; a negative std turns black and white around."""
    said = TensorDescription(kind="image", mean=(0.0, 100.0, 255.0), std=(255.0, 100.0, -255.0))
    shape = (1, 3, 1, 2) if layout == "nchw" else (1, 1, 2, 3)
    low, high = (clipped(np.full(shape, value, np.float32), said) for value in (-9.0, 9.0))
    axes = (0, 2, 3) if layout == "nchw" else (0, 1, 2)
    np.testing.assert_allclose(low.min(axis=axes), [0.0, -1.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(high.max(axis=axes), [1.0, 1.55, 1.0], atol=1e-6)
    assert low.dtype == np.float32
