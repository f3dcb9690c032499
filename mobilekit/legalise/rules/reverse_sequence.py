"""ReverseSequence: rows of time and batch gathered in another order.

::

    [time, batch, …]  ──  [time·batch, …]  ── Gather ──  [time, batch, …]
    row t of batch n reads row (length(n) − 1 − t) if t < length(n), else row t
"""

from __future__ import annotations

from math import prod

import numpy as np

from mobilekit.legalise.arithmetic import Arithmetic
from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule


def _reverse_sequence(node: Node, b: Builder) -> Replacement:
    x, lengths = node.inputs
    shape, do = b.shape(x), Arithmetic(b)
    time, batch = node["time_axis"], node["batch_axis"]
    steps, count = shape[time], shape[batch]
    length = do.reshape(do.known(lengths), (1, count))
    step = np.arange(steps)[:, None]
    back = do("Sub", do("Sub", length, np.int64(1)), step)
    source = do("Where", do("Less", step, length), back, step)
    place = do("Add", do("Mul", source, np.int64(count)), np.arange(count)[None])
    if time != 0:
        x = b.transpose(x, _swapped(len(shape)))
    rows = b.reshape(x, (steps * count, prod(shape[2:])))
    picked = b.add("Gather", rows, do.value(do.reshape(place, (steps * count,))), axis=0)
    result = b.reshape(picked, b.shape(x))
    return result if time == 0 else b.transpose(result, _swapped(len(shape)))


def _swapped(rank: int) -> tuple[int, ...]:
    return (1, 0, *range(2, rank))


RULES = (Rule(name="reverse-sequence", ops=("ReverseSequence",), apply=_reverse_sequence),)
