"""What a session is given, checked against what it takes: nothing is converted, nothing guessed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.errors import InputDataError, UsageError

if TYPE_CHECKING:
    from mobilekit.tensors import Feed, TensorSpec

DYNAMIC = -1
"""A dimension of a :class:`TensorSpec` that an ONNX file leaves open; any size is accepted there."""


def check_feed(feed: Feed, inputs: Sequence[TensorSpec], *, where: str) -> None:
    """Names, element types and shapes must match exactly.

    Raises InputDataError listing every difference as got and expected.
    """
    faults = [f"input {s.name!r} is missing, expected {_described(s)}" for s in inputs if s.name not in feed]
    names = [s.name for s in inputs]
    faults += [f"there is no input {name!r}" for name in sorted(set(feed) - set(names))]
    for spec in inputs:
        if spec.name in feed and not _fits(feed[spec.name], spec):
            got = _described_value(feed[spec.name])
            faults.append(f"input {spec.name!r}: got {got}, expected {_described(spec)}")
    if faults:
        expected = ", ".join(f"{s.name}: {_described(s)}" for s in inputs) or "none"
        raise InputDataError(f"{where}: " + "; ".join(faults), hint=f"the model's inputs are {expected}")


def check_taps(taps: Sequence[str], known: frozenset[str] | set[str], *, where: str) -> None:
    """Every tap must be known. Raises UsageError naming those that are not."""
    if unknown := sorted(set(taps) - known):
        message = f"{where}: cannot tap {', '.join(map(repr, unknown))}"
        raise UsageError(message, hint="taps are names of ONNX values that the opened artifact kept")


def _fits(value: object, spec: TensorSpec) -> bool:
    return (
        isinstance(value, np.ndarray)
        and value.dtype == np.dtype(spec.dtype.value)
        and len(value.shape) == len(spec.shape)
        and all(want in (DYNAMIC, got) for got, want in zip(value.shape, spec.shape, strict=True))
    )


def _described(spec: TensorSpec) -> str:
    return f"{spec.dtype.value} [{', '.join('?' if d == DYNAMIC else str(d) for d in spec.shape)}]"


def _described_value(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype.name} {list(value.shape)}"
    return f"a {type(value).__name__}, not a NumPy array"
