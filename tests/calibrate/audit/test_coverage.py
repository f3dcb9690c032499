"""The table counts kinds of photos and says which are too few, or too many."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mobilekit.calibrate.audit.coverage import PHOTOS, Row, coverage
from mobilekit.calibrate.audit.light import Light
from mobilekit.calibrate.audit.measure import Measures
from mobilekit.calibrate.audit.tone import tone_of_angle

LIGHT = Light(brightness=50, contrast=60, kelvin=6500, over=0.0, under=0.0, backlit=False)
PLAIN = Measures(
    light=LIGHT, sharpness=300, skin_share=0.2, faces=1, smooth_share=0.4, tone=tone_of_angle(50.0)
)


def row(photos: list[Measures], kind: str) -> Row:
    return next(row for row in coverage(photos) if row.kind == kind)


def lit(**changes: float | bool) -> Measures:
    return replace(PLAIN, light=replace(LIGHT, **changes))


@pytest.mark.parametrize(
    ("kind", "photo", "other"),
    [
        ("light (Monk 1-5)", PLAIN, replace(PLAIN, tone=tone_of_angle(0.0))),
        ("medium (Monk 6-7)", replace(PLAIN, tone=tone_of_angle(0.0)), PLAIN),
        ("dark (Monk 8-10)", replace(PLAIN, tone=tone_of_angle(-60.0)), PLAIN),
        ("no face found", replace(PLAIN, tone=None), PLAIN),
        ("warm", lit(kelvin=3200), PLAIN),
        ("neutral", PLAIN, lit(kelvin=9000)),
        ("cold", lit(kelvin=9000), PLAIN),
        ("backlight", lit(backlit=True), PLAIN),
        ("dark", lit(brightness=12), PLAIN),
        ("middling", PLAIN, lit(brightness=12)),
        ("bright", lit(brightness=85), PLAIN),
        ("flat", lit(contrast=20), PLAIN),
        ("hard", lit(contrast=95), PLAIN),
        ("blurred", replace(PLAIN, sharpness=5.0), PLAIN),
        ("over-exposed", lit(over=0.6), PLAIN),
        ("under-exposed", lit(under=0.8), PLAIN),
    ],
)
def test_each_kind_counts_its_photos(kind: str, photo: Measures, other: Measures) -> None:
    """Two photos of a kind are counted there, a third of another kind is not."""
    assert row([photo, other, photo], kind).photos == 2


def test_a_twentieth_of_each_kind_is_wanted() -> None:
    """Of 100 photos 5 must be of a kind: 4 are too few, 5 are enough; of 3 photos one is."""
    dark = replace(PLAIN, tone=tone_of_angle(-60.0))
    assert not row([dark] * 4 + [PLAIN] * 96, "dark (Monk 8-10)").is_met
    assert row([dark] * 5 + [PLAIN] * 95, "dark (Monk 8-10)").is_met
    assert row([dark, PLAIN, PLAIN], "dark (Monk 8-10)").is_met


def test_a_fault_is_met_until_a_fifth_has_it() -> None:
    """20 % of blurred photos are life, 30 % are a fault, and the advice says so."""
    blurred = replace(PLAIN, sharpness=5.0)
    assert row([blurred] * 2 + [PLAIN] * 8, "blurred").is_met
    faulty = row([blurred] * 3 + [PLAIN] * 7, "blurred")
    assert not faulty.is_met
    assert "blurred" in faulty.advice


def test_the_number_of_photos_is_a_row() -> None:
    """Under 200 photos the first row is not met and says how many there are; 200 are enough."""
    first = coverage([PLAIN] * 3)[0]
    assert not first.is_met
    assert first.advice.startswith("3 photos")
    assert coverage([PLAIN] * PHOTOS)[0].is_met


def test_no_photos_lack_everything() -> None:
    """Nothing is divided by zero, and every kind that is wanted is missing."""
    rows = coverage([])
    assert all(not r.is_met for r in rows if r.at_least)
