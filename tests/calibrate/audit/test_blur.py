"""Sharpness of pictures that were blurred on purpose."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from mobilekit.calibrate.audit.blur import sharpness
from mobilekit.demo.faces import Identity, Scene, render


def blurred(pixels: np.ndarray, radius: float) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def test_blurring_lowers_it_step_by_step() -> None:
    """Each stronger blur is less sharp, and a blur of 3 pixels is under a tenth of the original."""
    face = render(Identity.sample(3), Scene.sample(5), size=256)
    values = [sharpness(face), *(sharpness(blurred(face, radius)) for radius in (1.0, 2.0, 3.0))]
    assert values == sorted(values, reverse=True)
    assert values[-1] < 0.1 * values[0]


def test_a_checkerboard_has_the_variance_of_its_formula() -> None:
    """Squares of one pixel, 0 and 100: the Laplacian is ±400, its variance 160 000."""
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 100).astype(np.uint8)
    assert sharpness(np.repeat(board[..., None], 3, axis=2)) == pytest.approx(160_000, rel=0.01)


def test_a_plain_picture_has_none() -> None:
    """A plain card and an even gradient have no sharpness: nothing is divided, nothing fails."""
    plain = np.full((40, 40, 3), 128, np.uint8)
    gradient = np.broadcast_to(np.arange(0, 80, dtype=np.uint8)[:, None, None], (80, 60, 3))
    assert sharpness(plain) == 0.0
    assert sharpness(np.ascontiguousarray(gradient)) == pytest.approx(0.0, abs=1e-6)


def test_a_window_measures_what_is_in_it() -> None:
    """A sharp face before a blurred background is sharp; a window over the background is not."""
    picture = np.full((200, 200, 3), 90, np.uint8)
    picture[80:120, 80:120] = np.random.default_rng(0).integers(0, 256, (40, 40, 1))
    assert sharpness(picture, window=(0.4, 0.4, 0.6, 0.6)) > 10 * sharpness(picture)
    assert sharpness(picture, window=(0.0, 0.0, 0.3, 0.3)) == 0.0


def test_it_is_measured_at_one_size() -> None:
    """Enlarging a photo beyond the measured size changes its sharpness little."""
    face = render(Identity.sample(4), Scene.sample(6), size=512)
    large = np.asarray(Image.fromarray(face).resize((1536, 1536), Image.Resampling.BOX))
    assert sharpness(large) == pytest.approx(sharpness(face), rel=0.01)
