"""Elementwise ops: ``elementwise_unary.py`` and ``elementwise_binary.py`` of iOS15, the former of iOS17.

Operands broadcast as NumPy's do. Integers stay integers: quotients of ``real_div`` are truncated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements
from mobilekit.runtimes.mil_reference.types import carrier

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_UNARY: dict[str, Callable[..., Any]] = {
    "acos": np.arccos,
    "asin": np.arcsin,
    "atan": np.arctan,
    "atanh": np.arctanh,
    "cos": np.cos,
    "cosh": np.cosh,
    "exp": np.exp,
    "exp2": np.exp2,
    "sin": np.sin,
    "sinh": np.sinh,
    "sqrt": np.sqrt,
    "square": np.square,
    "tan": np.tan,
    "tanh": np.tanh,
}
_ROUNDING: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "floor": np.floor,
    "logical_not": np.logical_not,
    "round": np.rint,
    "sign": np.sign,
}
_BINARY: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "mod": np.mod,
    "mul": np.multiply,
    "pow": np.power,
    "sub": np.subtract,
}
_CHOICE: dict[str, Callable[..., Any]] = {
    "equal": np.equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "not_equal": np.not_equal,
}


@implements(*_UNARY)
def unary(call: Call) -> Array:
    """A function of one number. ``exp2`` of integers is an integer."""
    return _typed(call, _UNARY[call.type](call["x"]))


@implements(*_ROUNDING, exact=True)
def rounding(call: Call) -> Array:
    """Functions whose result fp16 holds exactly. ``round`` takes halves to the even neighbour."""
    return _typed(call, _ROUNDING[call.type](call["x"]))


@implements(*_BINARY)
def binary(call: Call) -> Array:
    """A function of two numbers, broadcast. ``mod`` has the sign of the divisor."""
    return _typed(call, _BINARY[call.type](call["x"], call["y"]))


@implements(*_CHOICE, exact=True)
def choice(call: Call) -> Array:
    """Comparisons, logic, the larger, the smaller: one of the operands, or a truth value."""
    return _typed(call, _CHOICE[call.type](call["x"], call["y"]))


@implements("real_div")
def real_div(call: Call) -> Array:
    """``x`` / y."""
    return _typed(call, np.true_divide(call["x"], call["y"]))


@implements("floor_div")
def floor_div(call: Call) -> Array:
    """The largest integer not above x / y; of floats the quotient is rounded to float32 first."""
    x, y = call["x"], call["y"]
    return _typed(call, np.floor_divide(x, y) if x.dtype.kind in "iu" else np.floor(np.true_divide(x, y)))


@implements("clip", exact=True)
def clip(call: Call) -> Array:
    """``x`` between alpha and beta."""
    x = call["x"]
    return np.minimum(np.maximum(x, call["alpha"]), call["beta"])


@implements("threshold", exact=True)
def threshold(call: Call) -> Array:
    """``x``, or alpha where it is less."""
    return np.maximum(call["x"], call["alpha"])


@implements("erf")
def erf(call: Call) -> Array:
    """The Gauss error function."""
    from scipy import special

    return np.asarray(special.erf(call["x"]))


@implements("inverse")
def inverse(call: Call) -> Array:
    """1 / (x + epsilon)."""
    return np.reciprocal(call["x"] + _epsilon(call, 1e-4))


@implements("log")
def log(call: Call) -> Array:
    """The natural logarithm of x + epsilon."""
    return np.log(call["x"] + _epsilon(call, 1e-45))


@implements("rsqrt")
def rsqrt(call: Call) -> Array:
    """1 / √(x + epsilon)."""
    return np.reciprocal(np.sqrt(call["x"] + _epsilon(call, 1e-12)))


def _epsilon(call: Call, default: float) -> np.float32:
    """The constant added first; a default has the type of ``x``, so in fp16 it may vanish."""
    if call["epsilon"] is not None:
        return np.float32(call.number("epsilon"))
    half = call.output_dtype == "fp16"
    return np.float32(np.float16(default)) if half else np.float32(default)


def _typed(call: Call, value: Any) -> Array:
    return np.asarray(value).astype(carrier(call.output_dtype), copy=False)
