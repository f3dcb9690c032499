"""Hypothesis's choices in the few forms that the operators need; each shrinks towards its first option."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st


class Choice:
    """What ``draw`` of a composite strategy decides."""

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        self._draw = draw

    def integer(self, low: int, high: int) -> int:
        """An integer of ``low`` … ``high``, both included; shrinks to ``low``."""
        return low if low >= high else low + self._draw(st.integers(0, high - low))

    def of(self, options: Sequence[Any]) -> Any:
        """One of ``options``; shrinks to the first."""
        return options[self.integer(0, len(options) - 1)]

    def chance(self, percent: int) -> bool:
        """True in about ``percent`` of 100 cases; shrinks to False."""
        return self._draw(st.integers(0, 99)) >= 100 - percent

    def some(self, options: Sequence[Any], *, least: int = 0, most: int | None = None) -> list[Any]:
        """Some of ``options``, each once, in any order."""
        left, picked = list(options), []
        for _ in range(self.integer(least, len(left) if most is None else min(most, len(left)))):
            picked.append(left.pop(self.integer(0, len(left) - 1)))
        return picked

    def number(self, low: float, high: float) -> float:
        """A float on a grid of a hundredth of the range; shrinks to ``low``."""
        return round(low + (high - low) * self.integer(0, 100) / 100, 4)
