"""The range between a value's extremes that costs least, by whatever measure of cost."""

from __future__ import annotations

import math
from collections.abc import Callable

_Cost = Callable[[float, float], float]
_End = Callable[[float], float]

_SMALLEST = 1.0 / 64.0
_PER_OCTAVE = 4
_FINE = (2.0**-0.125, 2.0**-0.0625)
_ROUNDS = 2


def cheapest(
    cost: _Cost, low: float, high: float, *, symmetric: bool = False, smallest: float = _SMALLEST
) -> tuple[float, float]:
    """``(low', high')`` inside ``low <= 0 <= high`` where ``cost`` is least; both ends by turns.

    Each end is tried at 1, 2**-1/4, 2**-1/2 … of itself, down to ``smallest``, and then more finely; a
    tie goes to the wider range. ``symmetric`` ranges are ``-t … t``.
    """
    if symmetric:
        largest = max(-low, high)
        end = _best(lambda t: cost(-t, t), largest, largest, smallest)
        return -end, end
    ends = low, high
    for _ in range(_ROUNDS):
        before = ends
        if high > 0.0:
            ends = ends[0], _best(_upper(cost, ends[0]), ends[1], high, smallest)
        if low < 0.0:
            ends = -_best(_lower(cost, ends[1]), -ends[0], -low, smallest), ends[1]
        if ends == before:
            break
    return ends


def _upper(cost: _Cost, low: float) -> _End:
    return lambda end: cost(low, end)


def _lower(cost: _Cost, high: float) -> _End:
    return lambda end: cost(-end, high)


def _best(cost: _End, start: float, largest: float, smallest: float) -> float:
    """The end, ``largest`` at most and ``smallest`` of it at least, of the least cost."""
    steps = math.ceil(_PER_OCTAVE * -math.log2(smallest))
    tried = {end: cost(end) for end in [largest * 2.0 ** (-step / _PER_OCTAVE) for step in range(steps + 1)]}
    tried.setdefault(start, cost(start))
    for ratio in _FINE:
        best = _least(tried)
        for end in (max(best * ratio, largest * smallest), min(best / ratio, largest)):
            tried.setdefault(end, cost(end))
    return _least(tried)


def _least(tried: dict[float, float]) -> float:
    return min(sorted(tried, reverse=True), key=tried.__getitem__)
