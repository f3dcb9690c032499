"""What a delegate takes and computes wrongly: no list says so, running it did.

Each was found on LiteRT 2.3.0's GPU accelerator (ML Drift) over SwiftShader, against the CPU; the forms of
profile ``tflite-gpu`` avoid all of them. An operator that is mistaken counts as refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mobilekit.convert.tflite.delegates.operators import FileOperator

_FOURS = 4
_BINARY = frozenset({
    "ADD", "BITWISE_XOR", "DIV", "EQUAL", "FLOOR_DIV", "FLOOR_MOD", "GREATER", "GREATER_EQUAL",
    "LESS", "LESS_EQUAL", "LOGICAL_AND", "LOGICAL_OR", "MAXIMUM", "MINIMUM", "MUL", "NOT_EQUAL", "POW",
    "RIGHT_SHIFT", "SQUARED_DIFFERENCE", "SUB",
})  # fmt: skip
_MERGED = frozenset({"ADD", "DIV", "FLOOR_MOD", "MAXIMUM", "MINIMUM", "SUB"})


def gpu(operator: FileOperator) -> str | None:
    """Why LiteRT's GPU computes an operator wrongly that it takes; None where it does not."""
    check = _binary if operator.kind in _BINARY else _CHECKS.get(operator.kind)
    return check(operator) if check is not None else None


def _binary(operator: FileOperator) -> str | None:
    """A constant of rank 1 to 3, as many axes as the result has: only its first slice is read."""
    rank = operator.outputs[0].rank
    for tensor in operator.inputs:
        if (
            tensor is not None
            and tensor.constant
            and 0 < tensor.rank == rank < _FOURS
            and tensor.shape[0] > 1
        ):
            return f"of a constant of shape {tensor.shape} it reads the first slice only"
    if operator.kind in _MERGED and _meets_itself(operator):
        return "parts of one SPLIT meet in it: the whole result is zeros"
    return _power(operator) if operator.kind == "POW" else None


def _meets_itself(operator: FileOperator) -> bool:
    """Whether both operands are float parts of one SPLIT; those of bytes are unpacked in between."""
    one_split = operator.sources == ("SPLIT", "SPLIT") and len(set(operator.makers)) == 1
    return one_split and operator.outputs[0].dtype in ("float32", "float16")


def _power(operator: FileOperator) -> str | None:
    exponent = operator.operand(1)
    if _source(operator) == "ABS" or exponent is None:
        return None
    numbers = exponent.values
    if not exponent.constant or numbers is None:
        return None if exponent.constant else "powers of negative numbers, by computed exponents"
    whole = numbers[numbers == np.trunc(numbers)]
    small = numbers.size == 1 and numbers.reshape(()) in (0, 1, 2, 3)
    return None if small or not whole.size else "powers of negative numbers"


def _source(operator: FileOperator) -> str:
    """The kind of operator that computes the first operand."""
    return operator.sources[0] if operator.sources else ""


def _pool(operator: FileOperator) -> str | None:
    data = operator.operand(0)
    if data is not None and data.dtype in ("int8", "uint8"):
        return f"pools of {data.dtype} without scales"
    source = _source(operator)
    if operator.kind == "AVERAGE_POOL_2D" and source in ("PAD", "PADV2"):
        return f"it merges the {source} before it, which stops counting"
    if operator.kind == "MAX_POOL_2D" and source == "PAD":
        return "it merges the PAD before it, whose zeros stop competing"
    return None


def _convolution(operator: FileOperator) -> str | None:
    data, weights, result = operator.operand(0), operator.operand(1), operator.outputs[0]
    if _source(operator) == "PADV2":
        return "it merges the PADV2 before it as if it were zeros"
    if operator.kind != "CONV_2D" or data is None or weights is None or data.rank != weights.rank:
        return None
    inputs, groups = weights.shape[-1], data.shape[-1] // max(1, weights.shape[-1])
    if groups > 1 and (inputs % _FOURS or result.shape[-1] // groups % _FOURS):
        return f"groups of {inputs} to {result.shape[-1] // groups} channels, it keeps fours apart"
    return None


def _transposed(operator: FileOperator) -> str | None:
    weights = operator.operand(1)
    if weights is None or operator.options.get("padding", 0) not in (0, "SAME"):
        return None
    steps = [operator.options.get(f"stride{side}", 1) for side in "HW"]
    uneven = [(size - step) % 2 and step > 1 for size, step in zip(weights.shape[1:3], steps, strict=True)]
    return f"SAME over {weights.shape[1:3]} by steps of {steps}, it shifts by one" if any(uneven) else None


def _pad(operator: FileOperator) -> str | None:
    data, pads, value = operator.operand(0), operator.operand(1), operator.operand(2)
    if value is not None and value.values is not None and np.any(np.isinf(value.values)):
        return "of infinite pads it makes zeros everywhere"
    if data is not None and data.dtype in ("bool", "int32", "int64"):
        return f"of {data.dtype} it computes nothing"
    if data is None or pads is None or pads.values is None or data.rank >= _FOURS:
        return None
    if data.rank == _FOURS - 1 and data.shape[0] == 1 and not np.any(np.reshape(pads.values, (-1, 2))[0]):
        return None
    return f"pads of rank {data.rank}, it takes them for other axes"


def _product(operator: FileOperator) -> str | None:
    one, other = operator.operand(0), operator.operand(1)
    if one is None or other is None:
        return None
    batches = [(1,) * (_FOURS - tensor.rank) + tensor.shape[:-2] for tensor in (one, other)]
    return "batches of other sizes, it does not spread them" if batches[0] != batches[1] else None


def _running_sum(operator: FileOperator) -> str | None:
    data, axis = operator.operand(0), operator.operand(1)
    if operator.options.get("exclusive") or operator.options.get("reverse"):
        return "it sums inclusively and forwards, whatever is asked"
    if data is None or axis is None or axis.values is None or data.rank >= _FOURS:
        return None
    first = int(np.reshape(axis.values, -1)[0]) % max(1, data.rank) == 0
    return "sums along the first axis" if first and data.shape[:1] != (1,) else None


def _reversed(operator: FileOperator) -> str | None:
    data, axis = operator.operand(0), operator.operand(1)
    if data is None or axis is None or axis.values is None:
        return None
    last = int(np.reshape(axis.values, -1)[0]) % data.rank == data.rank - 1
    odd = data.shape[-1] > _FOURS and data.shape[-1] % _FOURS
    return f"{data.shape[-1]} channels, it turns fours" if last and odd else None


def _greatest(operator: FileOperator) -> str | None:
    data, axis = operator.operand(0), operator.operand(1)
    if data is None or not data.rank or not data.shape[-1] % _FOURS:
        return None
    along = data.rank - 1
    if operator.kind == "ARG_MAX" and axis is not None and axis.values is not None:
        along = int(np.reshape(axis.values, -1)[0]) % data.rank
    return f"of {data.shape[-1]} channels, zeros compete with them" if along == data.rank - 1 else None


def _blocks(operator: FileOperator) -> str | None:
    data = operator.operand(0)
    return f"a batch of {data.shape[0]}" if data is not None and data.shape[:1] != (1,) else None


def _slope(operator: FileOperator) -> str | None:
    slope = float(operator.options.get("alpha", 0.0))
    return None if 0.0 <= slope <= 1.0 else f"slope {slope:g}, it takes the greater of x and slope·x"


def _empty(operator: FileOperator) -> str | None:
    tensors = [tensor for tensor in (operator.operand(0), *operator.outputs) if tensor is not None]
    return "a tensor without elements ends its process" if any(not prod(t.shape) for t in tensors) else None


_CHECKS: Mapping[str, Callable[[FileOperator], str | None]] = MappingProxyType({
    "ARG_MAX": _greatest,
    "AVERAGE_POOL_2D": _pool,
    "BATCH_MATMUL": _product,
    "CONV_2D": _convolution,
    "CUMSUM": _running_sum,
    "DEPTHWISE_CONV_2D": _convolution,
    "DEPTH_TO_SPACE": _blocks,
    "LEAKY_RELU": _slope,
    "MAX_POOL_2D": _pool,
    "PAD": _pad,
    "PADV2": _pad,
    "RESHAPE": _empty,
    "REVERSE_V2": _reversed,
    "SPACE_TO_DEPTH": _blocks,
    "TOPK_V2": _greatest,
    "TRANSPOSE_CONV": _transposed,
})  # fmt: skip

MISTAKES: Mapping[str, Callable[[FileOperator], str | None]] = MappingProxyType({"gpu": gpu})
"""By the name that a list gives as ``mistakes``."""
