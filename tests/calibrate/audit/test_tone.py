"""Skin tones of pictures whose tone is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from mobilekit.calibrate.audit import SKIN_GROUPS, skin_group
from mobilekit.calibrate.audit.tone import monk_bounds, tone_of, tone_of_angle, typology_angle
from mobilekit.demo.faces import Identity, Scene, render

_MONK = ["f6ede4", "f3e7db", "f7ead0", "eadaba", "d7bd96", "a07e56", "825c43", "604134", "3a312a", "292420"]


def drawn(monk: int, *, seed: int, kelvin: float) -> np.ndarray:
    scene = replace(Scene.sample(seed + 7), light_kelvin=kelvin)
    return render(Identity.sample(seed, monk=monk), scene, size=192)


def swatch(code: str) -> np.ndarray:
    return np.broadcast_to(np.frombuffer(bytes.fromhex(code), np.uint8), (8, 8, 3))


def test_the_angle_is_that_of_the_definition() -> None:
    """Monk tone 6, a07e56: L* 55.2, b* 26.9, so ITA = atan(5.2 / 26.9) = 10.9 degrees."""
    pixels = swatch("a07e56")
    assert typology_angle(pixels, np.ones((8, 8), bool)) == pytest.approx(10.9, abs=0.2)


@pytest.mark.parametrize("monk", range(1, 11))
def test_a_monk_swatch_is_its_own_tone(monk: int) -> None:
    """Each swatch of the scale gets its own number back, and the group that its numbers are said to have."""
    angle = typology_angle(swatch(_MONK[monk - 1]), np.ones((8, 8), bool))
    tone = tone_of_angle(angle)
    assert tone.monk == monk
    assert tone.group == ("light" if monk <= 5 else "medium" if monk <= 7 else "dark")


def test_angles_fall_over_the_scale_and_groups_follow_the_bounds() -> None:
    """The Monk bounds fall; 28 and -30 degrees separate the three groups, 55 the very light."""
    bounds = monk_bounds()
    assert list(bounds) == sorted(bounds, reverse=True)
    assert len(bounds) == 9
    angles = (90, 28.1, 27.9, -29.9, -30.1, -90)
    expected = ["light", "light", "medium", "medium", "dark", "dark"]
    assert [tone_of_angle(angle).group for angle in angles] == expected
    assert tone_of_angle(55.1).ita_group == "very light"
    assert tone_of_angle(54.9).ita_group == "light"


def test_a_picture_without_yellow_has_an_angle() -> None:
    """Grey is not a skin tone, but asking for its angle is no division by zero."""
    grey = np.full((4, 4, 3), 200, np.uint8)
    assert math.isfinite(typology_angle(grey, np.ones((4, 4), bool)))


@pytest.mark.parametrize("kelvin", [4000.0, 6500.0])
@pytest.mark.parametrize("monk", [1, 3, 5, 7, 8, 9])
def test_drawn_faces_have_their_group_in_warm_and_neutral_light(monk: int, kelvin: float) -> None:
    """A drawn face of known Monk tone is in its group, or, where no skin is found, in none: never in another."""
    expected = "light" if monk <= 5 else "medium" if monk <= 7 else "dark"
    assert skin_group(drawn(monk, seed=100 * monk + 1, kelvin=kelvin)) in (expected, None)


def test_drawn_faces_of_every_group_are_found() -> None:
    """The answer None is no way out: over the scale most faces are found, and each group is."""
    found = [skin_group(drawn(monk, seed=100 * monk + 2, kelvin=6500.0)) for monk in range(1, 11)]
    assert len([group for group in found if group]) >= 7
    assert {group for group in found if group} == set(SKIN_GROUPS)


@pytest.mark.parametrize("color", [(128, 128, 128), (220, 200, 170), (20, 20, 24), (96, 65, 52)])
def test_plain_walls_have_no_skin(color: tuple[int, int, int]) -> None:
    """A wall has no face, even if it has the colour of a skin."""
    noise = np.random.default_rng(0).integers(-6, 7, (160, 160, 3))
    wall = np.clip(np.array(color) + noise, 0, 255).astype(np.uint8)
    assert skin_group(wall) is None
    assert tone_of(wall) is None


def test_the_group_does_not_depend_on_the_size_of_the_photo() -> None:
    """A photo four times as large has the same group, and the same angle within a few degrees."""
    small = drawn(4, seed=402, kelvin=6500.0)
    large = np.kron(small, np.ones((4, 4, 1), np.uint8))
    assert skin_group(large) == skin_group(small) == "light"
