"""Mathematical functions without a TFLite operator, in terms of those that have one."""

from __future__ import annotations

import math

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule

# Abramowitz & Stegun, Handbook of Mathematical Functions (1964), formula 7.1.26: |error| ≤ 1.5e-7.
_ERF_P = 0.3275911
_ERF_A = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)


def _erf(node: Node, b: Builder) -> Replacement:
    """erf(x) = sign(x)·(1 − (a₁t + … + a₅t⁵)·e^(−x²)), t = 1/(1 + p|x|); within 1e-6 in float32."""
    x = node.inputs[0]
    size = b.add("Abs", x)
    t = b.add("Div", np.ones((), b.dtype(x)), b.add("Add", b.add("Mul", size, _ERF_P), 1.0))
    series = b.add("Mul", t, _ERF_A[0])
    for coefficient in _ERF_A[1:]:
        series = b.add("Mul", b.add("Add", series, coefficient), t)
    tail = b.add("Mul", series, b.add("Exp", b.add("Neg", b.add("Mul", x, x))))
    return b.add("Mul", b.add("Sign", x), b.add("Sub", np.ones((), b.dtype(x)), tail))


def _reciprocal(node: Node, b: Builder) -> Replacement:
    x = node.inputs[0]
    return b.add("Div", np.ones((), b.dtype(x)), x)


def _tan(node: Node, b: Builder) -> Replacement:
    x = node.inputs[0]
    return b.add("Div", b.add("Sin", x), b.add("Cos", x))


def _hyperbolic(node: Node, b: Builder) -> Replacement:
    """(eˣ ± e⁻ˣ)/2, from e^(x/2) so that it overflows only where the result does.

    Small hyperbolic sines, differences of almost equal numbers, come from eⁿ − 1, which Elu has.
    """
    x = node.inputs[0]
    roots = [b.add("Exp", b.add("Mul", x, factor)) for factor in (0.5, -0.5)]
    up, down = (b.add("Mul", b.add("Mul", root, 0.5), root) for root in roots)
    if node.op == "Cosh":
        return b.add("Add", up, down)
    size = b.add("Abs", x)
    less = b.add("Elu", b.add("Neg", size))
    ratio = b.add("Div", less, b.add("Add", less, 1.0))
    small = b.add("Mul", b.add("Sign", x), b.add("Mul", b.add("Add", less, ratio), -0.5))
    return b.add("Where", b.add("Less", size, 1.0), small, b.add("Sub", up, down))


def _inverse_hyperbolic(node: Node, b: Builder) -> Replacement:
    """By log(1 + u), for whose small u nothing is lost.

    Atanh = log(1 + 2x/(1 − x))/2, of |x|; acosh = log(1 + t + √t·√(t + 2)), t = x − 1;
    asinh = log(1 + x + x²/(1 + √(x² + 1))), of |x|. Squares of more than 2³⁰ would overflow: what is over
    is a logarithm of its own.
    """
    x = node.inputs[0]
    size = x if node.op == "Acosh" else b.add("Abs", x)
    if node.op == "Atanh":
        doubled = b.add("Div", b.add("Add", size, size), b.add("Sub", np.ones((), b.dtype(x)), size))
        return b.add("Mul", b.add("Sign", x), b.add("Mul", _log_one_plus(doubled, b), 0.5))
    within = b.add("Min", size, 2.0**30)
    over = b.add("Log", b.add("Max", b.add("Mul", size, 2.0**-30), 1.0))
    if node.op == "Acosh":
        t = b.add("Sub", within, 1.0)
        # Two roots: below 1 the first is NaN, as the result must be.
        root = b.add("Mul", b.add("Sqrt", t), b.add("Sqrt", b.add("Add", t, 2.0)))
        return b.add("Add", _log_one_plus(b.add("Add", t, root), b), over)
    square = b.add("Mul", within, within)
    root = b.add("Sqrt", b.add("Add", square, 1.0))
    u = b.add("Add", within, b.add("Div", square, b.add("Add", root, 1.0)))
    return b.add("Mul", b.add("Sign", x), b.add("Add", _log_one_plus(u, b), over))


def _log_one_plus(u: str, b: Builder) -> str:
    """log(1 + u) = 2·atanh(z), z = u/(u + 2), as a series for |u| < 1, where the runtime's log is 1e-7 off.

    The first term left out, z¹³/13, is below the rounding of float32 for z up to 1/3.
    """
    z = b.add("Div", u, b.add("Add", u, 2.0))
    square = b.add("Mul", z, z)
    series = b.add("Mul", square, 2 / 11)
    for power in (9, 7, 5, 3):
        series = b.add("Mul", b.add("Add", series, 2 / power), square)
    small = b.add("Mul", b.add("Add", series, 2.0), z)
    # Below −1 there is no logarithm: that is for the runtime's own to say.
    return b.add("Where", b.add("Less", b.add("Abs", u), 1.0), small, b.add("Log", b.add("Add", u, 1.0)))


def _inverse_trigonometric(node: Node, b: Builder) -> Replacement:
    """asin(x) = atan(x/√(1 − x²)), which is ±π/2 at ±1; acos(x) = π/2 − asin(x)."""
    x = node.inputs[0]
    one = np.ones((), b.dtype(x))
    root = b.add("Sqrt", b.add("Sub", one, b.add("Mul", x, x)))
    asin = b.add("Atan", b.add("Div", x, root))
    return asin if node.op == "Asin" else b.add("Sub", np.asarray(math.pi / 2, b.dtype(x)), asin)


def _is_nan(node: Node, b: Builder) -> Replacement:
    x = node.inputs[0]
    return b.add("Not", b.add("Equal", x, x))


def _is_inf(node: Node, b: Builder) -> Replacement:
    x, low, high = node.inputs[0], node["detect_negative"], node["detect_positive"]
    if low and high:
        return b.add("Equal", b.add("Abs", x), math.inf)
    if low or high:
        return b.add("Equal", x, math.inf if high else -math.inf)
    return b.add("Not", b.add("Equal", b.add("Equal", x, x), b.add("Equal", x, x)))


def _mod(node: Node, b: Builder) -> Replacement | None:
    """fmod(x, y) = sign(x)·(|x| mod |y|) of floats; integers have a rule of their own."""
    x, y = node.inputs
    if not node["fmod"] or not b.type(x).is_float or all(is_non_negative(v, b) for v in (x, y)):
        return None
    size = b.add("Mod", b.add("Abs", x), _absolute(y, b), fmod=1)
    return b.add("Mul", b.add("Sign", x), size)


def _absolute(value: str, b: Builder) -> object:
    array = b.constant(value)
    return b.add("Abs", value) if array is None else np.abs(array)


def is_non_negative(value: str, b: Builder) -> bool:
    """Whether a value is an Abs, or a constant without negative numbers."""
    array, producer = b.constant(value), b.producer(value)
    if array is not None:
        return bool(np.all(array >= 0))
    return (
        producer is not None
        and producer.op in ("Abs", "Reshape")
        and (producer.op == "Abs" or is_non_negative(producer.inputs[0], b))
    )


RULES = (
    Rule(name="erf", ops=("Erf",), apply=_erf),
    Rule(name="reciprocal", ops=("Reciprocal",), apply=_reciprocal),
    Rule(name="tan", ops=("Tan",), apply=_tan),
    Rule(name="hyperbolic", ops=("Sinh", "Cosh"), apply=_hyperbolic),
    Rule(name="inverse-hyperbolic", ops=("Asinh", "Acosh", "Atanh"), apply=_inverse_hyperbolic),
    Rule(name="inverse-trigonometric", ops=("Asin", "Acos"), apply=_inverse_trigonometric),
    Rule(name="is-nan", ops=("IsNaN",), apply=_is_nan),
    Rule(name="is-inf", ops=("IsInf",), apply=_is_inf),
    Rule(name="fmod", ops=("Mod",), apply=_mod),
)
