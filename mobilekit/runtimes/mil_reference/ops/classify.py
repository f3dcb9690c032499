"""classify. Source: iOS15 ``classify`` of the MIL operations' documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("classify")
def classify(call: Call) -> tuple[str | Array, dict[str | int, float]]:
    """The most probable of ``classes`` (the first of equals), and the probability of each.

    A label is a text, or a whole number as int64.
    """
    probabilities = np.asarray(call["probabilities"], np.float64).reshape(-1)
    labels = [_label(each) for each in call["classes"]]
    if len(labels) != len(probabilities):
        call.refuse(f"{len(probabilities)} probabilities for {len(labels)} classes")
    best = labels[int(np.argmax(probabilities))]
    chosen = best if isinstance(best, str) else np.asarray(best, np.int64)
    return chosen, dict(zip(labels, probabilities.tolist(), strict=True))


def _label(written: str | Array) -> str | int:
    return written if isinstance(written, str) else int(np.asarray(written).reshape(()))
