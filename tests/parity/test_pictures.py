"""What a difference looks like."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.description import TensorDescription
from mobilekit.metrics import delta_e
from mobilekit.parity.pictures import PictureTally, is_picture, pictures
from mobilekit.tensors import Layout

RGB = TensorDescription(kind="image", range=(-1.0, 1.0))


def batch(seed: int = 0, size: int = 32) -> np.ndarray:
    """A seeded NCHW picture in -1…1."""
    return np.random.default_rng(seed).uniform(-0.8, 0.8, (1, 3, size, size)).astype(np.float32)


def test_values_become_srgb() -> None:
    """Range, colour order and layout are undone; what lies outside is black or white, as is NaN black."""
    values = np.array([-1.0, 0.0, 3.0], np.float32).reshape(1, 3, 1, 1)
    assert pictures(values, RGB)[0][0, 0].tolist() == [0.0, 0.5, 1.0]
    bgr = TensorDescription(kind="image", range=(-1.0, 1.0), color="bgr")
    assert pictures(values, bgr)[0][0, 0].tolist() == [1.0, 0.5, 0.0]
    last = TensorDescription(kind="image", mean=(0.0,) * 3, std=(255.0,) * 3, layout=Layout.NHWC)
    assert pictures(np.full((1, 1, 1, 3), 0.25, np.float32), last)[0][0, 0].tolist() == [0.25] * 3
    assert pictures(np.full((1, 3, 1, 1), np.nan, np.float32), RGB)[0].max() == 0.0


def test_a_cast_is_seen_in_its_channel() -> None:
    """A constant added to green is that share of the range, and no other channel's."""
    tally = PictureTally(RGB)
    other = batch()
    other[:, 1] += 0.04
    tally.add(batch(), other)
    found = tally.result([30.0])
    assert found.bias == pytest.approx((0.0, 0.02, 0.0), abs=1e-6)
    assert found.ssim_mean > 0.99
    assert 0.0 < found.delta_e_mean <= found.delta_e_p99


def test_the_largest_error_of_pixels() -> None:
    """In steps of 8 bits, over the whole picture and every sample; only of candidates that end in pixels."""
    tally = PictureTally(RGB, pixels=True)
    one, other = batch(size=300), batch(size=300)
    other[0, 1, 7, 299] += np.float32(3 * 2 / 255)
    tally.add(one, other)
    tally.add(one, one)
    assert tally.result([30.0, None]).pixel_error_max == pytest.approx(3.0, abs=1e-4)
    floats = PictureTally(RGB)
    floats.add(one, other)
    assert floats.result([30.0]).pixel_error_max is None


def test_small_pictures_are_measured_whole() -> None:
    """The colour difference is that of the metric; identical pictures differ in nothing."""
    tally = PictureTally(RGB)
    noisy = batch() + np.random.default_rng(1).normal(0, 0.05, (1, 3, 32, 32)).astype(np.float32)
    tally.add(batch(), noisy)
    expected = delta_e(pictures(batch(), RGB)[0], pictures(noisy, RGB)[0])
    assert tally.result([30.0]).delta_e_mean == pytest.approx(expected)
    same = PictureTally(RGB)
    same.add(batch(), batch())
    assert (same.result([None]).delta_e_p99, same.result([None]).ssim_mean) == (0.0, pytest.approx(1.0))


def test_large_pictures_are_sampled_all_over() -> None:
    """A difference in one corner of a large picture shows in the mean as its share of the area."""
    one, other = batch(size=512), batch(size=512)
    other[:, :, :256, :256] *= 0.9
    tally = PictureTally(RGB)
    tally.add(one, other)
    whole = delta_e(pictures(one, RGB)[0], pictures(other, RGB)[0])
    assert tally.result([30.0]).delta_e_mean == pytest.approx(whole, rel=0.05)


def test_groups_have_their_own_figures() -> None:
    """Samples without a group are in none; a group of identical outputs has no PSNR."""
    tally = PictureTally(RGB, ["dark", None, "light"])
    for scale in (0.8, 0.5, 1.0):
        tally.add(batch(), batch() * np.float32(scale))
    found = tally.result([30.0, 20.0, None])
    assert set(found.groups) == {"dark", "light"}
    assert found.groups["dark"].psnr_mean == 30.0
    assert found.groups["light"].psnr_mean is None
    assert found.groups["dark"].delta_e_mean > found.groups["light"].delta_e_mean == 0.0
    assert found.to_dict()["groups"]["dark"]["photos"] == 1


@pytest.mark.parametrize(
    ("description", "shape", "expected"),
    [
        (RGB, (1, 3, 8, 8), True),
        (RGB, (1, 8, 8, 3), True),
        (RGB, (1, 4, 8, 8), False),
        (RGB, (1, 3), False),
        (TensorDescription(), (1, 3, 8, 8), False),
        (None, (1, 3, 8, 8), False),
        (TensorDescription(kind="image", color="gray"), (1, 1, 8, 8), True),
    ],
)
def test_is_picture(description: TensorDescription | None, shape: tuple[int, ...], expected: bool) -> None:
    """An image of known layout with the channels of its colour order."""
    assert is_picture(description, shape) is expected


def test_grey_pictures_and_tiny_ones() -> None:
    """Grey has one channel of bias; what is smaller than SSIM's window still has a figure."""
    tally = PictureTally(TensorDescription(kind="image", range=(0.0, 1.0), color="gray"))
    one = np.full((1, 1, 4, 4), 0.5, np.float32)
    tally.add(one, one + np.float32(0.1))
    found = tally.result([20.0])
    assert found.bias == pytest.approx((0.1,))
    assert found.ssim_mean == pytest.approx(0.9)
