"""Where a map is sampled: windows along each axis, and a place in them that differs per channel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

_MOST_TAPS = 5
_WHOLE_SPAN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """``count`` windows, ``step`` apart; a sample is taken at one of ``taps`` places in each.

    Place t is ``t * dilation`` behind the window's start. ``turn`` is the share of the places by which
    the next channel's is further on.
    """

    count: int
    step: int
    taps: int
    dilation: int
    turn: float

    def phases(self, channels: int) -> npt.NDArray[np.intp]:
        """The place that each channel takes: all equally often, however many channels there are."""
        turned = (0.5 + np.arange(channels) * self.turn) % 1.0
        return (turned * self.taps).astype(np.intp)


def windows(sides: Sequence[int], *, channels: int, count: int) -> tuple[Windows, Windows]:
    """Windows along both ``sides`` of a map, at most ``count`` in all (and one at least).

    The turns are those of the two-dimensional low-discrepancy sequence R2 (Roberts 2018, "The
    unreasonable effectiveness of quasirandom sequences"), so rows and columns differ too.
    """
    height, width = sides
    turns = 0.7548776662466927, 0.5698402909980532
    even = channels >= _WHOLE_SPAN
    wanted = min(height, count, max(1.0, math.sqrt(count * height / width)))
    rows = _windows(height, math.ceil(height / wanted), turn=turns[0], even=even)
    wanted = min(width, max(1, count // rows.count))
    return rows, _windows(width, math.ceil(width / wanted), turn=turns[1], even=even)


def _windows(side: int, step: int, *, turn: float, even: bool) -> Windows:
    """Windows ``step`` apart, or one more: an odd step meets every phase of what was shuffled or enlarged.

    An even one does where there are channels enough to take every place.
    """
    span = side - (side // step - 1) * step
    if step % 2 == 0 and not (even and span <= _WHOLE_SPAN):
        step = min(step + 1, side)
    count = side // step
    taps, dilation = _places(side - (count - 1) * step)
    return Windows(count=count, step=step, taps=taps, dilation=dilation, turn=turn)


def _places(span: int) -> tuple[int, int]:
    """How many places a window of ``span`` pixels has, and how far apart: to its end, or nearly."""
    if span <= _WHOLE_SPAN:
        return span, 1
    return min(
        ((taps, (span - 1) // (taps - 1)) for taps in range(_MOST_TAPS, 2, -1)),
        key=lambda place: span - 1 - (place[0] - 1) * place[1],
    )
