"""Keywords of the Python functions that are easily given in another form: refused with an example."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mobilekit.errors import InputDataError, UsageError
from mobilekit.plan.ranges import DEFAULT_METHOD, DEFAULT_PERCENTILE, RangeRule

if TYPE_CHECKING:
    from mobilekit.tensors import Feed

_SHAPES_HINT = 'give a tuple of whole numbers for each input: shapes={"image": (1, 3, 512, 512)}'
_SAMPLES_HINT = 'give a list of feeds, even if it is one: samples=[{"image": array}]'


def checked_shapes(shapes: Mapping[str, Sequence[int]] | None) -> dict[str, tuple[int, ...]]:
    """``shapes`` as tuples of positive whole numbers; none for None. Raises UsageError."""
    if shapes is None:
        return {}
    if not isinstance(shapes, Mapping):
        message = f"shapes is {shapes!r}, a mapping from input names to shapes expected"
        raise UsageError(message, hint=_SHAPES_HINT)
    return {name: _shape(name, shape) for name, shape in shapes.items()}


def _shape(name: str, shape: Sequence[int]) -> tuple[int, ...]:
    try:
        sides = tuple(operator.index(side) for side in shape)
    except TypeError:
        sides = (-1,)
    # 0 is for inputs that the model itself declares without elements; `source.load` sees to that.
    if any(side < 0 for side in sides):
        message = f"shapes[{name!r}] is {shape!r}, positive whole numbers expected"
        raise UsageError(message, hint=_SHAPES_HINT)
    return sides


def check_tiers(tiers: Sequence[str] | None) -> None:
    """Raises UsageError for a name where a list of names belongs: its letters would be the names."""
    if isinstance(tiers, str):
        message = f"tiers is the text {tiers!r}, a list of names expected"
        raise UsageError(message, hint=f'write tiers=["{tiers}"]')


def check_one_plan(plan: object, statistics: object) -> None:
    """Raises UsageError where both a plan and statistics are given: a plan is what statistics would make."""
    if plan is not None and statistics is not None:
        message = "a plan and statistics are given"
        raise UsageError(message, hint="leave one of plan (--plan) and statistics (--statistics) out")


def check_samples(samples: Sequence[Feed] | None) -> None:
    """Raises InputDataError for one feed, a generator or an array where a list of feeds belongs."""
    if samples is None:
        return
    is_list = hasattr(samples, "__len__") and hasattr(samples, "__getitem__")
    if isinstance(samples, Mapping) or not is_list:
        what = "one feed" if isinstance(samples, Mapping) else f"a {type(samples).__name__}"
        message = f"samples is {what}, a list of feeds expected"
        raise InputDataError(message, hint=_SAMPLES_HINT)
    for index, feed in enumerate(samples):
        if not isinstance(feed, Mapping):
            message = f"samples[{index}] is a {type(feed).__name__}, a feed expected: arrays by input name"
            raise InputDataError(message, hint=_SAMPLES_HINT)


def check_jobs(jobs: int) -> None:
    """Raises UsageError unless ``jobs`` is a whole number of processes."""
    if type(jobs) is not int or jobs < 1:
        message = f"jobs is {jobs!r}, a whole number of at least 1 expected"
        raise UsageError(message, hint="it is the number of processes that observe samples (--jobs)")


def range_rule(
    ranges: str | None, percentile: float | None, *, symmetric: bool, used: bool = True
) -> RangeRule:
    """How int8 ranges follow from what is observed; None for what was not given.

    Raises UsageError for an unknown method, a percentile without that method or out of bounds, and
    for anything given where no int8 plan is made (``used``).
    """
    if not used and (ranges is not None or percentile is not None or symmetric):
        message = "ranges, percentile and symmetric say how an int8 plan is made, and none is"
        hint = "leave them out (--ranges, --percentile, --symmetric), or choose precision int8 without a plan"
        raise UsageError(message, hint=hint)
    method = ranges or (DEFAULT_METHOD if percentile is None else "percentile")
    if percentile is not None and method != "percentile":
        message = f"percentile {percentile} goes with the method percentile, not with {method}"
        raise UsageError(message, hint="leave percentile (--percentile) out, or choose --ranges percentile")
    return RangeRule(
        method=method,
        percentile=DEFAULT_PERCENTILE if percentile is None else percentile,
        symmetric=symmetric,
    )
