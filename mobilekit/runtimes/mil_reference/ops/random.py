"""random_bernoulli, random_categorical, random_normal, random_uniform, where there is nothing to draw.

Core ML's generators are not documented, with a seed or without: what depends on them is refused, never
invented. Source: iOS15 ``random`` of the MIL operations' documentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("random_bernoulli")
def random_bernoulli(call: Call) -> Array:
    """Ones of probability ``prob`` among zeros: all of one kind at 0 and at 1."""
    probability = call.number("prob", 0.5)
    if probability not in {0.0, 1.0}:
        _refuse(call)
    return _filled(call, probability)


@implements("random_normal")
def random_normal(call: Call) -> Array:
    """The normal distribution: its ``mean`` where ``stddev`` is 0."""
    mean, deviation = call.number("mean", 0.0), call.number("stddev", 1.0)
    if deviation != 0:
        _refuse(call)
    return _filled(call, mean)


@implements("random_uniform")
def random_uniform(call: Call) -> Array:
    """Numbers from ``low`` up to ``high``: ``low`` where they are equal."""
    low, high = call.number("low", 0.0), call.number("high", 1.0)
    if low != high:
        _refuse(call)
    return _filled(call, low)


@implements("random_categorical")
def random_categorical(call: Call) -> Array:
    """``size`` draws from the distributions in the last axis of ``x``: zeros where there is one class."""
    x, size = call["x"], call.integer("size", 1)
    call.ignore("mode", "seed")
    if x.shape[-1] != 1:
        _refuse(call)
    return np.zeros((*x.shape[:-1], size), np.float32)


def _filled(call: Call, value: float) -> Array:
    call.ignore("seed")
    return np.full(call.integers("shape") or (), value, np.float32)


def _refuse(call: Call) -> NoReturn:
    call.refuse("random numbers: the generator is not documented, so nothing can be compared with it")
