"""Reductions: iOS15 and iOS17 ``reduction.py``. Sums of floats are accumulated in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements
from mobilekit.runtimes.mil_reference.types import carrier

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_Reduction = Callable[["Array", "tuple[int, ...] | None", bool], Any]


def _total(x: Array, axes: tuple[int, ...] | None, keep: bool) -> Any:
    return np.sum(x, axis=axes, keepdims=keep, dtype=np.float64 if x.dtype.kind == "f" else np.int64)


def _log_sum_exp(x: Array, axes: tuple[int, ...] | None, keep: bool) -> Any:
    largest = np.max(x, axis=axes, keepdims=True)
    shift = np.where(np.isfinite(largest), largest, 0)
    total = np.log(np.sum(np.exp(x - shift), axis=axes, keepdims=True, dtype=np.float64)) + shift
    return total if keep else np.squeeze(total, axis=axes)


_REDUCTIONS: dict[str, _Reduction] = {
    "reduce_l1_norm": lambda x, axes, keep: _total(np.abs(x), axes, keep),
    "reduce_l2_norm": lambda x, axes, keep: np.sqrt(_total(_squares(x), axes, keep)),
    "reduce_log_sum": lambda x, axes, keep: np.log(_total(x, axes, keep)),
    "reduce_log_sum_exp": _log_sum_exp,
    "reduce_mean": lambda x, axes, keep: np.mean(x, axis=axes, keepdims=keep, dtype=np.float64),
    "reduce_prod": lambda x, axes, keep: np.prod(x, axis=axes, keepdims=keep),
    "reduce_sum": _total,
    "reduce_sum_square": lambda x, axes, keep: _total(_squares(x), axes, keep),
}
_EXTREMES: dict[str, _Reduction] = {
    "reduce_max": lambda x, axes, keep: np.max(x, axis=axes, keepdims=keep),
    "reduce_min": lambda x, axes, keep: np.min(x, axis=axes, keepdims=keep),
}


@implements(*_REDUCTIONS)
def reduction(call: Call) -> Array:
    """A sum, a mean, a norm or a product over ``axes`` (all if absent)."""
    return _reduced(call, _REDUCTIONS[call.type])


@implements(*_EXTREMES, exact=True)
def extreme(call: Call) -> Array:
    """The largest or the smallest element over ``axes`` (all if absent)."""
    return _reduced(call, _EXTREMES[call.type])


@implements("reduce_argmax", "reduce_argmin")
def argument(call: Call) -> Array:
    """The index of the first largest or smallest element along ``axis``, as int32 (iOS17: or uint16)."""
    x, axis, keep = call["x"], call.integer("axis", -1), call.flag("keep_dims")
    dtype = call.text("output_dtype", "int32") if call.opset >= 17 else "int32"
    if dtype not in ("int32", "uint16"):
        call.refuse(f"output_dtype {dtype!r}")
    find = np.argmax if call.type == "reduce_argmax" else np.argmin
    return np.asarray(find(x, axis=axis, keepdims=keep)).astype(carrier(dtype))


def _reduced(call: Call, function: _Reduction) -> Array:
    # An empty vector of axes and none at all both mean every axis.
    axes = call.integers("axes") or None
    value = function(call["x"], axes, call.flag("keep_dims"))
    return np.asarray(value).astype(carrier(call.output_dtype))


def _squares(x: Array) -> Array:
    return np.square(x, dtype=np.float64 if x.dtype.kind == "f" else np.int64)
