"""Normalisations: MIL's own operators where scale, bias and epsilon are constants of their form.

Elsewhere the arithmetic is written out. Either way one ONNX node is one place in the program, so that
float32 around it takes one cast on each side.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.convert.optable import lowers

if TYPE_CHECKING:
    from mobilekit.convert.coreml.operation import Operation
    from mobilekit.tensors import Array

_IMAGE_RANKS = (3, 4)


@lowers("Normalize", since=1, domain="mobilekit")
def normalize(
    op: Operation,
    x: str,
    scale: str,
    bias: str,
    epsilon: str,
    *,
    axes: Sequence[int] = (),
    outside: float = 0.0,
) -> None:
    """``instance_norm`` over all spatial axes, ``layer_norm`` over others, else the arithmetic."""
    shape = op.shape(x)
    number = None if outside else _number(op, epsilon)
    spatial = tuple(range(2, len(shape)))
    is_image = tuple(axes) == spatial and len(shape) in _IMAGE_RANKS
    if number is not None and is_image and not any(_varies(op, v, spatial) for v in (scale, bias)):
        _affine(op, x, scale, bias, number, vector=(shape[1],), kept=(1,))
    elif number is not None:
        vector = tuple(shape[a] for a in axes)
        _affine(op, x, scale, bias, number, vector=vector, kept=tuple(axes), axes=list(axes))
    else:
        _written_out(op, x, scale, bias, epsilon, list(axes), outside)


def _varies(op: Operation, value: str, axes: tuple[int, ...]) -> bool:
    shape = op.shape(value)
    return bool(shape) and any(shape[axis] != 1 for axis in axes)


def _affine(
    op: Operation,
    x: str,
    scale: str,
    bias: str,
    epsilon: float,
    *,
    vector: tuple[int, ...],
    kept: tuple[int, ...],
    axes: list[int] | None = None,
) -> None:
    """MIL's norm with gamma and beta where they vary along ``kept`` only; else a product and a sum after."""
    gamma, beta = (_vector(op, v, vector, kept) for v in (scale, bias))
    inside = gamma is not None and beta is not None
    neutral = inside and bool(np.all(gamma == 1)) and bool(np.all(beta == 0))
    given = {"gamma": gamma, "beta": beta} if inside and not neutral else {}
    kind = "instance_norm" if axes is None else "layer_norm"
    var = op.add(kind, x=op.input(x), axes=axes, epsilon=float(epsilon), **given)
    op.result(var if inside else _scaled(op, var, scale, bias))


def _vector(op: Operation, value: str, vector: tuple[int, ...], kept: tuple[int, ...]) -> Array | None:
    """A constant as MIL's gamma; None where it is not constant or varies along other axes."""
    if not op.is_constant(value):
        return None
    array = op.constant(value)
    if any(size != 1 for axis, size in enumerate(array.shape) if axis not in kept):
        return None
    if not array.ndim:
        return np.full(vector, array)
    squeezed = array.reshape([array.shape[axis] for axis in kept])
    return np.ascontiguousarray(np.broadcast_to(squeezed, vector))


@lowers("GroupNormalize", since=1, domain="mobilekit")
def group_normalize(op: Operation, x: str, scale: str, bias: str, epsilon: str, *, groups: int = 1) -> None:
    """``instance_norm`` of the groups as channels: rows stay rows, so that only the shape changes."""
    shape = op.shape(x)
    if groups == shape[1] and len(shape) in _IMAGE_RANKS and _number(op, epsilon) is not None:
        normalize(op, x, scale, bias, epsilon, axes=tuple(range(2, len(shape))))
        return
    rows, last = prod(shape[1:-1]) // groups, shape[-1]
    grouped = [shape[0], groups, rows, last] if len(shape) > 2 else [shape[0], groups, shape[1] // groups, 1]
    parted = op.add("reshape", x=op.input(x), shape=grouped)
    number = _number(op, epsilon)
    if number is not None:
        normed = op.add("instance_norm", x=parted, epsilon=number)
    else:
        normed = _centred_over(op, parted, [2, 3], _epsilon_of_groups(op, epsilon, groups))
    op.result(_scaled(op, op.add("reshape", x=normed, shape=list(shape)), scale, bias))


def _epsilon_of_groups(op: Operation, epsilon: str, groups: int) -> Array:
    """An epsilon per channel as one per group; refused where channels of a group differ."""
    values = op.constant(epsilon).reshape(groups, -1)
    if np.any(values != values[:, :1]):
        op.refuse("an epsilon that differs within a group")
    return np.ascontiguousarray(values[:, 0].reshape(1, groups, 1, 1))


@lowers("RmsNormalize", since=1, domain="mobilekit")
def rms_normalize(op: Operation, x: str, scale: str, epsilon: str, *, axes: Sequence[int] = ()) -> None:
    """``x * rsqrt(mean(x * x) + epsilon) * scale``."""
    data = op.input(x)
    squares = op.add("mul", x=data, y=data)
    mean = op.add("reduce_mean", x=squares, axes=list(axes), keep_dims=True)
    result = op.add("mul", x=data, y=_rsqrt(op, mean, _value(op, epsilon)))
    if not _is_uniform(op, scale, 1.0):
        result = op.add("mul", x=result, y=op.input(scale))
    op.result(result)


def _written_out(
    op: Operation, x: str, scale: str, bias: str, epsilon: str, axes: list[int], outside: float
) -> None:
    normed = _centred_over(op, op.input(x), axes, _value(op, epsilon), outside)
    op.result(_scaled(op, normed, scale, bias))


def _value(op: Operation, epsilon: str) -> Any:
    """The number, if it is one constant; else the Var."""
    number = _number(op, epsilon)
    return op.input(epsilon) if number is None else number


def _centred_over(op: Operation, data: Any, axes: list[int], epsilon: Any, outside: float = 0.0) -> Any:
    """``(x - mean) / (sqrt(var + epsilon) + outside)``."""
    mean = op.add("reduce_mean", x=data, axes=axes, keep_dims=True)
    centred = op.add("sub", x=data, y=mean)
    squares = op.add("mul", x=centred, y=centred)
    variance = op.add("reduce_mean", x=squares, axes=axes, keep_dims=True)
    if not outside:
        return op.add("mul", x=centred, y=_rsqrt(op, variance, epsilon))
    if not (isinstance(epsilon, float) and epsilon == 0):
        variance = op.add("add", x=variance, y=epsilon)
    deviation = op.add("add", x=op.add("sqrt", x=variance), y=float(outside))
    return op.add("real_div", x=centred, y=deviation)


def _rsqrt(op: Operation, variance: Any, epsilon: Any) -> Any:
    """``1 / sqrt(variance + epsilon)``; the operator's own epsilon is a constant number."""
    if isinstance(epsilon, float):
        return op.add("rsqrt", x=variance, epsilon=epsilon)
    return op.add("rsqrt", x=op.add("add", x=variance, y=epsilon), epsilon=0.0)


def _scaled(op: Operation, var: Any, scale: str, bias: str) -> Any:
    if not _is_uniform(op, scale, 1.0):
        var = op.add("mul", x=var, y=op.input(scale))
    if not _is_uniform(op, bias, 0.0):
        var = op.add("add", x=var, y=op.input(bias))
    return var


def _number(op: Operation, value: str) -> float | None:
    """The one number of a constant; None where there are several, or none known."""
    if not op.is_constant(value):
        return None
    array = op.constant(value)
    return float(array.flat[0]) if array.size and bool(np.all(array == array.flat[0])) else None


def _is_uniform(op: Operation, value: str, number: float) -> bool:
    return _number(op, value) == number


@lowers("BatchNormalization", since=15)
def batch_normalization(
    op: Operation,
    x: str,
    scale: str,
    b: str,
    input_mean: str,
    input_var: str,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,  # noqa: ARG001
    training_mode: int = 0,
) -> None:
    """``batch_norm`` by constants."""
    if training_mode or any(op.outputs[1:]):
        op.refuse("training_mode", hint="export the model in evaluation mode")
    names = {"gamma": scale, "beta": b, "mean": input_mean, "variance": input_var}
    constants = {key: op.constant(name) for key, name in names.items()}
    op.result(op.add("batch_norm", x=op.input(x), epsilon=float(epsilon), **constants))
