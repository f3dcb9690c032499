"""Two halves of ranges, compared."""

from __future__ import annotations

import pytest

from mobilekit.calibrate.audit.stability import stability


def test_equal_halves_are_stable() -> None:
    """No difference, no doubt; a value that is always zero has none either."""
    ranges = {"a": (-1.0, 1.0), "z": (0.0, 0.0)}
    found = stability(ranges, dict(ranges))
    assert (found.verdict, found.percentile_95, found.values) == ("stable", 0.0, 2)


def test_the_difference_is_that_of_the_end_that_moved_more() -> None:
    """(-1, 1) and (-1.1, 1.5): the upper end moved 0.5 of 2.6."""
    found = stability({"a": (-1.0, 1.0)}, {"a": (-1.1, 1.5)})
    assert found.worst[0].relative == pytest.approx(0.5 / 2.6)


@pytest.mark.parametrize(("moved", "verdict"), [(0.05, "stable"), (0.2, "unsteady"), (0.6, "unstable")])
def test_verdicts(moved: float, verdict: str) -> None:
    """Up to 10 % stable, above 25 % unstable, unsteady between; said in a sentence."""
    found = stability({"a": (0.0, 1.0 - moved)}, {"a": (0.0, 1.0)})
    assert found.verdict == verdict
    assert found.sentence.startswith(verdict)


def test_one_outlier_of_many_is_listed_and_does_not_decide() -> None:
    """Of 40 values one may jump: it heads the worst, the verdict stays; three of 40 change it."""
    even = {f"v{i:02}": (0.0, 1.0) for i in range(40)}
    one = {**even, "v07": (0.0, 3.0)}
    found = stability(even, one)
    assert found.verdict == "stable"
    assert found.worst[0].value == "v07"
    assert len(found.worst) == 10
    three = {**one, "v08": (0.0, 3.0), "v09": (0.0, 3.0)}
    assert stability(even, three).verdict == "unstable"


def test_nothing_to_compare_is_unknown() -> None:
    """One photo has no two halves: no verdict, and the sentence says why."""
    found = stability({}, {"a": (0.0, 1.0)})
    assert found.verdict == "unknown"
    assert "unknown" in found.sentence
