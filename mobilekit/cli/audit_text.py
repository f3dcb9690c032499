"""An audit of photos, for the person at the terminal: the table, what is missing, what to beware of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from mobilekit.calibrate.audit import Audit, Stability
    from mobilekit.calibrate.audit.coverage import Row


def coverage_table(audit: Audit) -> Table:
    """A row for each kind of photo: how many there are, how many are wanted, and whether that will do."""
    from rich.table import Table

    table = Table(title="What the photos cover", title_justify="left")
    for heading in ("aspect", "kind"):
        table.add_column(heading)
    for heading in ("photos", "wanted"):
        table.add_column(heading, justify="right")
    table.add_column("")
    shown = ""
    for row in audit.rows:
        table.add_row(
            row.aspect if row.aspect != shown else "", row.kind, str(row.photos), _wanted(row), _state(row)
        )
        shown = row.aspect
    return table


def audit_lines(audit: Audit) -> Iterator[str]:
    """What is missing and how to fill it, warnings, and what cannot be measured."""
    from mobilekit.calibrate.audit.coverage import NOT_MEASURED

    if audit.missing:
        yield "What to do:"
        yield from (f"  - {advice}" for advice in audit.missing)
    yield f"Not measured, to be varied by hand: {', '.join(NOT_MEASURED)}."
    yield from (f"warning: {warning}" for warning in audit.warnings)


def stability_lines(found: Stability) -> Iterator[str]:
    """The verdict of the two halves, and the worst values."""
    yield f"Ranges: {found.sentence}."
    for worst in found.worst[:5] if found.verdict not in ("stable", "unknown") else ():
        halves = " and ".join(f"{low:.4g} … {high:.4g}" for low, high in (worst.even, worst.odd))
        yield f"  {worst.relative:6.1%}  {worst.value}: {halves}"


def summary_lines(photos: Mapping[str, Any] | None) -> Iterator[str]:
    """The audit of a package's photos in a line, and its warnings; nothing where none calibrated."""
    if photos is None:
        return
    tones = ", ".join(f"{count} {group}" for group, count in photos["skin_tones"].items())
    missing = f"; too few or too many: {', '.join(photos['missing'])}" if photos["missing"] else ""
    count = f"{photos['photos']} photo{'s' if photos['photos'] != 1 else ''}"
    yield f"{count}: skin tones {tones}, {photos['without_face']} without a face{missing}"
    yield from (f"note: {warning}" for warning in photos["warnings"])


def _wanted(row: Row) -> str:
    if row.at_most is not None:
        return f"at most {row.at_most}"
    return str(row.at_least) if row.at_least else ""


def _state(row: Row) -> str:
    if row.is_met:
        return "" if not row.at_least else "ok"
    return "too many" if row.at_most is not None and row.photos > row.at_most else "too few"
