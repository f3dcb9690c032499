"""The centre, the whole, or the surroundings of a face: which pixels an input shows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.calibrate.framing import Framing

share = st.floats(-0.2, 1.2)


def ramp(rows: int, columns: int) -> np.ndarray:
    """Red tells the column, green the row (both 0…255 over the photo)."""
    across, down = np.meshgrid(np.linspace(0, 255, columns), np.linspace(0, 255, rows))
    return np.stack([across, down, np.zeros_like(across)], -1).astype(np.uint8)


def test_whole_photo_is_stretched() -> None:
    """`none` shows everything, whatever the shapes are."""
    picture = Framing(height=32, width=32, crop="none").picture(ramp(100, 300))
    assert picture.shape == (32, 32, 3)
    assert picture[16, 0, 0] < 8
    assert picture[16, -1, 0] > 247
    assert picture[0, 16, 1] < 8
    assert picture[-1, 16, 1] > 247


@pytest.mark.parametrize(("rows", "columns"), [(100, 300), (300, 100), (101, 299), (64, 64)])
def test_letterbox(rows: int, columns: int) -> None:
    """With `pad` the photo keeps its aspect, between bars of that colour; the window says where it lies."""
    framing = Framing(height=48, width=64, crop="none", pad=(114.0, 0.0, 7.0))
    picture = framing.picture(np.full((rows, columns, 3), 200, np.uint8))
    inside = (picture == 200).all(-1)
    height, width = int(inside.any(1).sum()), int(inside.any(0).sum())
    assert abs(height / width - rows / columns) < 0.05
    assert (picture[~inside] == [114, 0, 7]).all()
    window = framing.window(rows, columns)
    left = int(np.flatnonzero(inside.any(0))[0])
    assert window.left + left / 64 * window.width == pytest.approx(0.0, abs=1e-9)
    assert window.left + (left + width) / 64 * window.width == pytest.approx(columns)


def test_face_has_its_size_and_place() -> None:
    """The face takes face_size of the height, its middle lies at face_center."""
    framing = Framing(height=64, width=48, crop="face", face_size=0.25, face_center=(0.5, 0.4))
    window = framing.window(1000, 1000, (0.45, 0.5, 0.55, 0.6))
    assert (window.width, window.height) == pytest.approx((300, 400))
    assert ((500 - window.left) / window.width, (550 - window.top) / window.height) == pytest.approx(
        (0.5, 0.4)
    )
    picture = framing.picture(ramp(1000, 1000), (0.45, 0.5, 0.55, 0.6))
    assert picture[25, 24, 0] / 255 == pytest.approx(0.5, abs=0.02)
    assert picture[25, 24, 1] / 255 == pytest.approx(0.55, abs=0.02)


@given(
    st.tuples(share, share, share, share),
    st.integers(16, 500),
    st.integers(16, 500),
    st.sampled_from([(8, 8), (8, 24), (24, 8)]),
)
def test_face_windows_stay_inside(box, rows, columns, size) -> None:
    """Whatever a detector says, the window has the input's aspect and lies inside the photo."""
    left, top, right, bottom = (
        min(box[0], box[2]),
        min(box[1], box[3]),
        max(box[0], box[2]),
        max(box[1], box[3]),
    )
    height, width = size
    window = Framing(height=height, width=width, crop="face").window(
        rows, columns, (left, top, right, bottom)
    )
    assert window.width / window.height == pytest.approx(width / height)
    assert min(window.left, window.top) >= -1e-6
    assert window.left + window.width <= columns + 1e-6
    assert window.top + window.height <= rows + 1e-6
    assert min(window.width, window.height) > 0


def test_no_face_is_the_centre() -> None:
    """Without a face, `face` is `center`; with another crop a face changes nothing."""
    face, centre = Framing(height=16, width=16, crop="face"), Framing(height=16, width=16)
    photo = ramp(40, 80)
    assert np.array_equal(face.picture(photo), centre.picture(photo))
    assert np.array_equal(centre.picture(photo, (0.0, 0.0, 0.2, 0.2)), centre.picture(photo))
    assert not np.array_equal(face.picture(photo, (0.0, 0.0, 0.2, 0.2)), centre.picture(photo))
