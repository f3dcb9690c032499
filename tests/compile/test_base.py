"""What compiling gave, and who gets it."""

from __future__ import annotations

from pathlib import Path

from mobilekit.compile.base import Compiled


def test_a_file_is_whole_if_nothing_is_left() -> None:
    """And says so in the report."""
    whole = Compiled(path=Path("x"), operators=3, offloaded=3, partitions=1, stable=True)
    parts = Compiled(
        path=Path("x"), operators=3, offloaded=2, partitions=2, stable=False, remaining={"PRELU": 1}
    )
    assert whole.to_json()["whole"] is True
    assert parts.to_json() == {
        "operators": 3,
        "offloaded": 2,
        "partitions": 2,
        "whole": False,
        "stable": False,
        "remaining": {"PRELU": 1},
    }
