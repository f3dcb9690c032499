"""Drawings are told from photos by what a sensor leaves."""

from __future__ import annotations

import numpy as np

from mobilekit.calibrate.audit.grain import DRAWN, smooth_share
from mobilekit.demo.faces import Identity, Scene, render


def test_drawn_faces_are_smooth_and_the_same_with_noise_are_not() -> None:
    """The demo's faces are over the bound; with a sensor's noise (sigma 3) they are far under it."""
    for seed in range(3):
        face = render(Identity.sample(seed), Scene.sample(seed), size=384)
        assert smooth_share(face) > DRAWN + 0.03
        noise = np.random.default_rng(seed).normal(0, 3, face.shape)
        assert smooth_share(np.clip(face + noise, 0, 255).astype(np.uint8)) < DRAWN - 0.3


def test_black_and_white_tell_nothing() -> None:
    """A clipped picture is smooth whoever made it: its share is 0, no verdict."""
    assert smooth_share(np.zeros((40, 40, 3), np.uint8)) == 0.0
    assert smooth_share(np.full((40, 40, 3), 255, np.uint8)) == 0.0
