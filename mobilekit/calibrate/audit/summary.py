"""The audit of a set of photos: every photo's measures, the table, what is missing, what to beware of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mobilekit.calibrate.audit.coverage import NOT_MEASURED, Row, coverage
from mobilekit.calibrate.audit.measure import Measures
from mobilekit.calibrate.audit.stability import Stability
from mobilekit.calibrate.audit.tone import ITA_GROUPS, SKIN_GROUPS

FORMAT = "mobilekit-audit/1"

_DRAWN = 0.9
_FEW_FACES = 0.5
_DRAWN_WARNING = (
    "these pictures look drawn or rendered: synthetic faces alone are no calibration set, they lack a "
    "camera's noise, sharpening and skin; calibrate with photos from phones"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was found: ``photos`` by name in order, the coverage table, warnings; ranges if there are any."""

    photos: Mapping[str, Measures]
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]
    stability: Stability | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """What to do, a line for each row of the table that is not met."""
        return tuple(row.advice for row in self.rows if not row.is_met)

    def summary(self) -> dict[str, Any]:
        """The few figures that a report carries, as JSON."""
        tones = Counter(m.tone.group for m in self.photos.values() if m.tone is not None)
        return {
            "photos": len(self.photos),
            "skin_tones": {group: tones[group] for group in SKIN_GROUPS},
            "without_face": len(self.photos) - tones.total(),
            "missing": [f"{row.aspect}: {row.kind}" for row in self.rows if not row.is_met],
            "warnings": list(self.warnings),
        }

    def to_dict(self) -> dict[str, Any]:
        """The audit.json."""
        ita = Counter(m.tone.ita_group for m in self.photos.values() if m.tone is not None)
        monk = Counter(m.tone.monk for m in self.photos.values() if m.tone is not None)
        return {
            "format": FORMAT,
            "summary": self.summary(),
            "coverage": [row.to_dict() for row in self.rows],
            "ita_groups": {name: ita[name] for name in ITA_GROUPS},
            "monk_tones": {str(tone): monk[tone] for tone in range(1, 11)},
            "not_measured": list(NOT_MEASURED),
            "stability": self.stability.to_dict() if self.stability else None,
            "photos": {name: measures.to_dict() for name, measures in self.photos.items()},
        }


def audit(measured: Iterable[tuple[str, Measures]], *, stability: Stability | None = None) -> Audit:
    """The audit of photos that were measured: (name, measures) in order. Names may repeat."""
    photos: dict[str, Measures] = {}
    for name, measures in measured:
        photos[_unused(name, photos)] = measures
    rows = coverage(tuple(photos.values()))
    return Audit(photos=photos, rows=rows, warnings=_warnings(tuple(photos.values())), stability=stability)


def _unused(name: str, taken: Mapping[str, Measures]) -> str:
    number = 2
    unused = name
    while unused in taken:
        unused, number = f"{name} ({number})", number + 1
    return unused


def _warnings(photos: Sequence[Measures]) -> tuple[str, ...]:
    drawn = sum(measures.looks_drawn for measures in photos)
    faceless = sum(measures.tone is None for measures in photos)
    warnings = []
    if photos and drawn >= _DRAWN * len(photos):
        warnings.append(_DRAWN_WARNING)
    if photos and faceless > _FEW_FACES * len(photos):
        warnings.append(f"no face was found in {faceless} of {len(photos)} photos: skin tones are uncertain")
    return tuple(warnings)
