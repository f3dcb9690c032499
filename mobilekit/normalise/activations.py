"""Activations by their values: which of them a curve is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_FAR = np.geomspace(8, 1e6, 32)
POINTS = np.concatenate([[-1.0, 1.0, 0.0], np.linspace(-8, 8, 65), np.linspace(-1, 1, 32), _FAR, -_FAR])
"""Dense where activations bend, and far enough out that a clip of theirs would show."""
_MINUS_ONE, _PLUS_ONE = 0, 1
_TOLERANCE = 1e-5
_SMALL = 1e-6
# x + 1e-8 is no LeakyRelu.
_IDENTITY = 1e-3
# Beyond, exp overflows in float32 in the exporter's spelling, where the operator itself does not.
_OVERFLOWS = 40.0


def erf(x: Array) -> Array:
    """The error function, element by element, in float64."""
    wide = np.asarray(x, np.float64)
    return np.fromiter(map(math.erf, wide.ravel().tolist()), np.float64, wide.size).reshape(wide.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """An operator that has the curve; ``times_input`` where its result is multiplied by x."""

    op: str
    kind: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    operands: tuple[Array, ...] = ()
    times_input: bool = False


def _is(values: Array, expected: Array, *, small: float = _SMALL) -> bool:
    """Whether the curves agree wherever the exporter's spelling is a number; near zero it must be one."""
    good = np.isfinite(values)
    if not good[np.abs(POINTS) <= _OVERFLOWS].all():
        return False
    got, wanted = values[good], expected[good]
    return bool(np.allclose(got, wanted, rtol=_TOLERANCE, atol=small) and _same_zeros(got, wanted))


def _same_zeros(got: Array, wanted: Array) -> bool:
    """Whether zero is zero, however small the numbers are: max(x, 1e-12) before a division is no Relu."""
    return not got[wanted == 0].any()


def agree(values: Array, expected: Array, points: Array) -> bool:
    """Whether curves that agree on :data:`POINTS` agree on other points as well."""
    good = np.isfinite(values)
    if not good[np.abs(points) <= _OVERFLOWS].all():
        return False
    return bool(np.allclose(values[good], expected[good], rtol=_TOLERANCE, atol=_SMALL))


def sigmoid(x: Array) -> Array:
    """1/(1 + exp(−x)) without overflow."""
    result: Array = np.exp(-np.logaddexp(0, -x))
    return result


def mish(x: Array) -> Array:
    """X · tanh(softplus(x))."""
    return x * np.tanh(np.logaddexp(x, 0))


def gelu(x: Array, approximate: str) -> Array:
    """X · Φ(x), or its approximation by tanh."""
    if approximate == "tanh":
        return x * 0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x * 0.5 * (1 + erf(x / math.sqrt(2)))


_CURVES: tuple[tuple[Activation, Array], ...] = (
    *(
        (Activation(op="Gelu", kind="Gelu", attributes={"approximate": a}), gelu(POINTS, a))
        for a in ("none", "tanh")
    ),
    (Activation(op="HardSwish", kind="HardSwish"), POINTS * np.clip(POINTS / 6 + 0.5, 0, 1)),
    (Activation(op="Sigmoid", kind="SiLU", times_input=True), POINTS * sigmoid(POINTS)),
    (Activation(op="Mish", kind="Mish"), mish(POINTS)),
    (Activation(op="Softplus", kind="Softplus"), np.logaddexp(POINTS, 0)),
    (Activation(op="Sigmoid", kind="Sigmoid"), sigmoid(POINTS)),
    (Activation(op="Tanh", kind="Tanh"), np.tanh(POINTS)),
    (Activation(op="Relu", kind="Relu"), np.maximum(POINTS, 0)),
    (
        Activation(op="HardSigmoid", kind="HardSigmoid", attributes={"alpha": 1 / 6, "beta": 0.5}),
        np.clip(POINTS / 6 + 0.5, 0, 1),
    ),
)


def curve(values: Array) -> Activation | None:
    """One of those without parameters."""
    return next((what for what, expected in _CURVES if _is(values, expected)), None)


def _leaky(values: Array) -> Activation | None:
    slope = -float(values[_MINUS_ONE])
    if not np.isfinite(slope) or abs(slope - 1) < _IDENTITY:
        return None
    if not _is(values, np.where(POINTS < 0, slope * POINTS, POINTS)):
        return None
    return Activation(op="LeakyRelu", kind="LeakyRelu", attributes={"alpha": slope})


def _elu(values: Array) -> Activation | None:
    alpha = float(values[_MINUS_ONE] / np.expm1(-1.0))
    expected = np.where(POINTS < 0, alpha * np.expm1(np.minimum(POINTS, 0)), POINTS)
    if not np.isfinite(alpha) or alpha == 0 or not _is(values, expected):
        return None
    return Activation(op="Elu", kind="Elu", attributes={"alpha": alpha})


def _clip(values: Array) -> Activation | None:
    low, high = values.min(), values.max()
    if not np.abs([low, high]).max() < POINTS.max() or not low < high:
        return None
    if not _is(values, np.clip(POINTS, low, high), small=_SMALL * min(1.0, high - low)):
        return None
    return Activation(op="Clip", kind="Clip", operands=(np.asarray(low), np.asarray(high)))


FORMS: tuple[Callable[[Array], Activation | None], ...] = (curve, _leaky, _elu, _clip)
"""In the order in which they are tried."""


def slopes(values: Array, points: Array) -> Activation | None:
    """PRelu: a slope of its own for every channel; ``values`` has the points along its first axis."""
    if values.shape[0] != POINTS.size or not np.isfinite(values).all():
        return None
    slope = -values[_MINUS_ONE]
    wanted = np.broadcast_to(np.where(points < 0, slope * points, points), values.shape)
    if not np.allclose(values, wanted, rtol=_TOLERANCE, atol=_SMALL) or not _same_zeros(values, wanted):
        return None
    if (np.abs(slope - 1) < _IDENTITY).all():
        return None
    while slope.ndim > 1 and slope.shape[0] == 1:
        slope = slope[0]
    return Activation(op="PRelu", kind="PRelu", operands=(slope,))
