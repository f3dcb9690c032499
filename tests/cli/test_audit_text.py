"""An audit in words: what is printed of it, and what is not."""

from __future__ import annotations

import io

from rich.console import Console

from mobilekit.calibrate.audit import audit, stability
from mobilekit.calibrate.audit.light import Light
from mobilekit.calibrate.audit.measure import Measures
from mobilekit.calibrate.audit.tone import tone_of_angle
from mobilekit.cli.audit_text import audit_lines, coverage_table, stability_lines, summary_lines

LIGHT = Light(brightness=50, contrast=60, kelvin=6500, over=0.0, under=0.0, backlit=False)


def photo(ita: float | None, *, sharpness: float = 300) -> Measures:
    tone = None if ita is None else tone_of_angle(ita)
    return Measures(light=LIGHT, sharpness=sharpness, skin_share=0.1, faces=1, smooth_share=0.4, tone=tone)


def test_the_table_says_what_is_too_few_and_too_many() -> None:
    """A kind without photos is too few, a fault in all of them too many, the rest is ok."""
    found = audit([("a", photo(50.0, sharpness=1.0)), ("b", photo(0.0, sharpness=1.0))])
    text = io.StringIO()
    Console(file=text, width=100).print(coverage_table(found))
    rows = {line.split("│")[2].strip(): line for line in text.getvalue().splitlines() if "│" in line}
    assert "too few" in rows["dark (Monk 8-10)"]
    assert "too many" in rows["blurred"]
    assert "ok" in rows["light (Monk 1-5)"]
    assert "too" not in rows["over-exposed"]


def test_lines_say_what_to_do_and_what_nobody_measured() -> None:
    """Advice for what is missing, none for what is there."""
    text = "\n".join(audit_lines(audit([("a", photo(50.0))])))
    assert "add selfies of people with dark skin" in text
    assert "light skin" not in text
    assert "expressions" in text


def test_the_worst_values_are_listed_where_ranges_are_not_stable() -> None:
    """By share and ends; a stable set needs no list."""
    shaky = list(stability_lines(stability({"conv": (0.0, 1.0)}, {"conv": (0.0, 4.0)})))
    assert shaky[0].startswith("Ranges: unstable")
    assert shaky[1].split() == ["75.0%", "conv:", "0", "…", "1", "and", "0", "…", "4"]
    assert len(list(stability_lines(stability({"conv": (0.0, 1.0)}, {"conv": (0.0, 1.0)})))) == 1


def test_the_summary_of_a_package() -> None:
    """Photos by skin tone, what is missing, warnings as notes; nothing where no photos calibrated."""
    lines = list(summary_lines(audit([("a", photo(50.0)), ("b", photo(None)), ("c", photo(None))]).summary()))
    assert lines[0].startswith("3 photos: skin tones 1 light, 0 medium, 0 dark, 2 without a face")
    assert "skin tone: dark (Monk 8-10)" in lines[0]
    assert lines[1].startswith("note: no face was found in 2 of 3 photos")
    assert list(summary_lines(None)) == []
