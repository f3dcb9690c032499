"""Tone curve and gamma, and their inverses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.calibrate.isp.curves import (
    encode,
    encoding_table,
    linear_table,
    srgb_decoded,
    srgb_encoded,
    toned,
    untoned,
)

VALUES = np.linspace(0, 1, 1001)


def test_gamma_is_srgbs() -> None:
    """IEC 61966-2-1: black, white, the middle grey of 18 %, and there and back."""
    assert srgb_encoded(np.array([0.0, 1.0])).tolist() == pytest.approx([0, 1])
    assert srgb_encoded(np.array([0.18])) * 255 == pytest.approx(117.6, abs=0.1)
    assert srgb_decoded(srgb_encoded(VALUES)) == pytest.approx(VALUES, abs=1e-7)


@given(contrast=st.floats(0, 1))
def test_tone_is_undone(contrast: float) -> None:
    """Untoned is the inverse of toned for every share of the smoothstep."""
    assert untoned(toned(VALUES, contrast=contrast, shadows=0), contrast=contrast) == pytest.approx(
        VALUES, abs=1e-7
    )


@given(contrast=st.floats(0, 1), shadows=st.floats(0, 2))
def test_tone_keeps_order(contrast: float, shadows: float) -> None:
    """Black stays black, white white, and no brighter value becomes a darker one."""
    curve = toned(VALUES, contrast=contrast, shadows=shadows)
    assert (curve[0], curve[-1]) == (0, 1)
    assert np.diff(curve).min() >= -1e-12
    assert (curve >= toned(VALUES, contrast=contrast, shadows=0) - 1e-12).all()


@given(contrast=st.floats(0, 1))
def test_tables_are_inverse(contrast: float) -> None:
    """A photo's 256 values come back to a twentieth of a step through linear light."""
    values = np.broadcast_to(linear_table(contrast), (3, 1, 256)).astype(np.float32)
    encode(values, encoding_table(contrast, 0.0))
    assert values[0, 0] * 255 == pytest.approx(np.arange(256), abs=0.5)
    assert not linear_table(contrast).flags.writeable


def test_encoding_clips() -> None:
    """Light below black is black, light beyond saturation is white."""
    light = np.array([[[-0.5, 2.0, 1.0]]], np.float32)
    encode(light, encoding_table(1.0, 0.0))
    assert light.ravel().tolist() == [0, 1, 1]
