"""What a set of photos has and what it lacks, as a table; each row says how to fill it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mobilekit.calibrate.audit.measure import Measures

PHOTOS = 200
"""Phone selfies that make a calibration set, by published experience with face models."""

_SHARE = 0.05  # of the photos: less of a kind does not move a percentile of the ranges
_WARM_K, _COLD_K = 4800.0, 7500.0
_DARK, _BRIGHT = 30.0, 70.0
_FLAT, _HARD = 45.0, 80.0
_BLURRED = 60.0
_OVER, _UNDER = 0.3, 0.5
_FAULTY = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A kind of photo: how many there are, at least (or at most) how many are wanted, and what to do."""

    aspect: str
    kind: str
    photos: int
    at_least: int = 0
    at_most: int | None = None
    advice: str = ""

    @property
    def is_met(self) -> bool:
        """Whether there are enough, and not too many."""
        return self.photos >= self.at_least and (self.at_most is None or self.photos <= self.at_most)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"met": self.is_met}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """A row to be counted: ``fault`` is one of which there may be few at most."""

    aspect: str
    kind: str
    has: Callable[[Measures], bool]
    advice: str = ""
    fault: bool = False
    wanted: bool = True


def _skin(group: str) -> Callable[[Measures], bool]:
    return lambda m: m.tone is not None and m.tone.group == group


_KINDS = (
    _Kind(
        aspect="skin tone",
        kind="light (Monk 1-5)",
        has=_skin("light"),
        advice="add selfies of people with light skin (Monk 1 to 5)",
    ),
    _Kind(
        aspect="skin tone",
        kind="medium (Monk 6-7)",
        has=_skin("medium"),
        advice="add selfies of people with medium skin (Monk 6 and 7)",
    ),
    _Kind(
        aspect="skin tone",
        kind="dark (Monk 8-10)",
        has=_skin("dark"),
        advice="add selfies of people with dark skin (Monk 8 to 10)",
    ),
    _Kind(aspect="skin tone", kind="no face found", has=lambda m: m.tone is None, wanted=False),
    _Kind(
        aspect="light",
        kind="warm",
        has=lambda m: m.light.kelvin < _WARM_K,
        advice="add photos taken indoors, under lamps",
    ),
    _Kind(
        aspect="light",
        kind="neutral",
        has=lambda m: _WARM_K <= m.light.kelvin <= _COLD_K,
        advice="add photos taken in daylight",
    ),
    _Kind(
        aspect="light",
        kind="cold",
        has=lambda m: m.light.kelvin > _COLD_K,
        advice="add photos taken in shade or under an overcast sky",
    ),
    _Kind(
        aspect="light",
        kind="backlight",
        has=lambda m: m.light.backlit,
        advice="add photos taken against a window or the sun",
    ),
    _Kind(
        aspect="brightness",
        kind="dark",
        has=lambda m: m.light.brightness < _DARK,
        advice="add photos taken in the evening or at night",
    ),
    _Kind(
        aspect="brightness",
        kind="middling",
        has=lambda m: _DARK <= m.light.brightness <= _BRIGHT,
        advice="add photos of ordinary exposure",
    ),
    _Kind(
        aspect="brightness",
        kind="bright",
        has=lambda m: m.light.brightness > _BRIGHT,
        advice="add photos taken in the sun, or before a white wall",
    ),
    _Kind(
        aspect="contrast",
        kind="flat",
        has=lambda m: m.light.contrast < _FLAT,
        advice="add photos taken in fog, in even shade or before a plain wall",
    ),
    _Kind(
        aspect="contrast",
        kind="hard",
        has=lambda m: m.light.contrast > _HARD,
        advice="add photos taken in direct sun",
    ),
    _Kind(
        aspect="fault",
        kind="blurred",
        has=lambda m: m.sharpness < _BLURRED,
        advice="replace most of the blurred photos",
        fault=True,
    ),
    _Kind(
        aspect="fault",
        kind="over-exposed",
        has=lambda m: m.light.over > _OVER,
        advice="replace most of the photos that are white in large parts",
        fault=True,
    ),
    _Kind(
        aspect="fault",
        kind="under-exposed",
        has=lambda m: m.light.under > _UNDER,
        advice="replace most of the photos that are black in large parts",
        fault=True,
    ),
)

NOT_MEASURED = ("sexes", "ages", "expressions", "glasses, beards and head scarves")
"""What a calibration set of faces should vary too, and no number here tells of."""


def coverage(photos: Sequence[Measures]) -> tuple[Row, ...]:
    """The table for ``photos``: their number, then every kind with at least 5 % (at least one) wanted.

    A photo without a face counts for its light, not for a skin tone.
    """
    total = len(photos)
    several = "photo" if total == 1 else "photos"
    advice = f"{total} {several}: about {PHOTOS} selfies from phones make a calibration set"
    first = Row(aspect="number", kind="photos", photos=total, at_least=PHOTOS, advice=advice)
    return (first, *(_row(kind, photos) for kind in _KINDS))


def _row(kind: _Kind, photos: Sequence[Measures]) -> Row:
    count = sum(kind.has(measures) for measures in photos)
    least = 0 if kind.fault or not kind.wanted else max(1, math.ceil(_SHARE * len(photos)))
    most = math.floor(_FAULTY * len(photos)) if kind.fault else None
    return Row(
        aspect=kind.aspect, kind=kind.kind, photos=count, at_least=least, at_most=most, advice=kind.advice
    )
