"""The metrics agree with their definitions, and with hand-computed values."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobilekit.errors import InputDataError
from mobilekit.metrics import delta_e, iou, max_abs_error, mean_absolute_error, mismatch, psnr, ssim

few = settings(derandomize=True, max_examples=50, deadline=None, database=None)


def noise(*shape, seed=0):
    """Seeded values in 0…1."""
    return np.random.default_rng(seed).random(shape).astype(np.float32)


def test_psnr_takes_its_peak_from_the_range_of_the_reference():
    """Range 4, error 0.04 everywhere: 20 log10(100) = 40 dB, however far from zero the range is."""
    reference = np.linspace(100, 104, 50)
    assert psnr(reference, reference + 0.04) == pytest.approx(40.0)
    assert psnr(reference, reference + 0.4) == pytest.approx(20.0)


def test_psnr_of_identical_arrays_is_none_and_only_then():
    """A difference too small to be squared is still a difference."""
    reference = noise(4, 5)
    assert psnr(reference, reference.copy()) is None
    assert psnr(np.zeros(3), np.array([0, 0, 1e-200])) is not None
    assert psnr(np.zeros((0, 3)), np.zeros((0, 3))) is None


def test_psnr_of_a_constant_reference_uses_its_magnitude():
    """10 against 10.1 is 40 dB; zeros have no magnitude, and count as range 1."""
    assert psnr(np.full(4, 10.0), np.full(4, 10.1)) == pytest.approx(40.0)
    assert psnr(np.full(4, -10.0), np.full(4, -10.1)) == pytest.approx(40.0)
    assert psnr(np.zeros(4), np.full(4, 0.01)) == pytest.approx(40.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_psnr_of_what_is_not_a_number_is_minus_infinity(bad):
    """One NaN among a million elements is not averaged away; the same one in both is fine."""
    reference, other = noise(1000), noise(1000)
    other[500] = bad
    assert psnr(reference, other) == -math.inf
    assert psnr(other, reference) == -math.inf
    assert psnr(other, other.copy()) is None
    worse = other.copy()
    worse[1] += 0.5
    assert -100 < psnr(other, worse) < 100


def test_psnr_of_float32_is_computed_in_float64():
    """A mean of a million squares in float32 would lose the last digits."""
    reference = noise(1_000_000)
    other = reference + np.float32(1e-3)
    expected = 10 * math.log10(
        float(np.ptp(reference.astype(np.float64))) ** 2
        / float(np.mean((reference.astype(np.float64) - other.astype(np.float64)) ** 2))
    )
    assert psnr(reference, other) == pytest.approx(expected, abs=1e-9)


@few
@given(st.integers(0, 1000), st.floats(1e-3, 1e3), st.floats(-100, 100))
def test_psnr_does_not_depend_on_scale_or_offset(seed, scale, offset):
    """An affine map of both arrays changes nothing."""
    a, b = noise(40, seed=seed).astype(np.float64), noise(40, seed=seed + 1).astype(np.float64)
    assert psnr(a * scale + offset, b * scale + offset) == pytest.approx(psnr(a, b), abs=1e-6)


def test_integers_and_booleans_are_not_wrapped():
    """In uint8 the difference of 3 and 250 would be 9."""
    a, b = np.array([3, 250], np.uint8), np.array([250, 3], np.uint8)
    assert max_abs_error(a, b) == 247.0
    assert mean_absolute_error(a, b) == 247.0
    assert mismatch(np.array([True, False]), np.array([True, True])) == 0.5


def test_errors_are_absolute_and_nan_is_not_hidden():
    """NaN in one of a pair shows; the same infinity in both is no difference."""
    assert max_abs_error(np.array([1.0, -2.0]), np.array([1.5, -3.0])) == 1.0
    assert mean_absolute_error(np.array([1.0, -2.0]), np.array([1.5, -3.0])) == 0.75
    assert math.isnan(max_abs_error(np.zeros(2), np.array([0, np.nan])))
    assert math.isnan(mean_absolute_error(np.zeros(2), np.array([0, np.nan])))
    assert max_abs_error(np.array([np.inf, np.nan]), np.array([np.inf, np.nan])) == 0.0
    assert mismatch(np.array([np.inf, np.nan]), np.array([np.inf, np.nan])) == 0.0


@pytest.mark.parametrize("metric", [psnr, mean_absolute_error, max_abs_error, mismatch, ssim, delta_e, iou])
def test_shapes_must_be_equal(metric):
    """Broadcasting would compare something else than was meant."""
    with pytest.raises(InputDataError, match=r"\(16, 16, 3\) and \(1, 16, 3\)"):
        metric(noise(16, 16, 3), noise(1, 16, 3))


def test_ssim_is_one_for_the_same_picture_and_falls_with_noise():
    """Inverted, a picture is structurally its opposite."""
    picture = noise(32, 24, 3)
    assert ssim(picture, picture) == pytest.approx(1.0)
    assert ssim(picture, 1 - picture) < 0
    little, much = picture + 0.05 * noise(32, 24, 3, seed=1), picture + 0.5 * noise(32, 24, 3, seed=1)
    assert 1 > ssim(picture, little) > ssim(picture, much)
    assert ssim(picture[..., 0] * 255, picture[..., 0] * 255 + 1, data_range=255) > 0.99


def test_ssim_refuses_pictures_under_its_window():
    """Eleven pixels a side are the least."""
    assert ssim(noise(11, 11), noise(11, 11)) == pytest.approx(1.0)
    with pytest.raises(InputDataError, match="11 pixels"):
        ssim(noise(10, 40), noise(10, 40))


def test_delta_e_is_ciede2000():
    """Black and white are 100 apart, neighbouring 8-bit greys less than a person sees."""
    black, white = np.zeros((2, 2, 3)), np.ones((2, 2, 3))
    assert delta_e(black, white) == pytest.approx(100.0, abs=0.01)
    assert delta_e(white, white) == 0.0
    grey = np.full((2, 2, 3), 0.5)
    assert 0 < delta_e(grey, grey + [1 / 255, 0, 0]) < 1
    with pytest.raises(InputDataError, match="H×W×3"):
        delta_e(np.zeros((3, 2, 2)), np.ones((3, 2, 2)))


def test_iou_counts_elements():
    """One of three in common; nothing in either is full agreement, in one of them none."""
    assert iou(np.array([1, 1, 0, 0]), np.array([0, 2, 3, 0])) == pytest.approx(1 / 3)
    assert iou(np.zeros(4), np.zeros(4)) == 1.0
    assert iou(np.zeros(4), np.ones(4)) == 0.0
