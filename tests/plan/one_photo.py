"""Statistics of single photos, for rules that make ranges of them."""

from __future__ import annotations

import numpy as np

from mobilekit.calibrate.stats import ValueStats, bin_counts, ordered_bins


def stats_of(values: np.ndarray) -> ValueStats:
    """Statistics of one photo with these values."""
    values = np.asarray(values, np.float32)
    low, high = float(values.min()), float(values.max())
    bins = ordered_bins(bin_counts(values))
    return ValueStats(
        photos=1, minimum=low, maximum=high, minimum_sum=0, maximum_sum=0, bins=bins, exhaustive=False
    )
