"""What a list asks that no field of a listing can say: one function each, named in the data.

Each takes an operator and returns why it does not fit, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mobilekit.convert.tflite.delegates.operators import FileOperator

_LEAST_NORMAL = 2.0**-126


def per_tensor(operator: FileOperator) -> str | None:
    """Data and results have one scale each; weights may have one per channel."""
    slots = (1,) if operator.kind == "SPLIT" else (2,) if operator.kind == "TRANSPOSE_CONV" else (0,)
    data = [operator.operand(slot) for slot in slots]
    for tensor in (*data, *operator.outputs):
        if tensor is not None and len(tensor.scales) > 1:
            return "a scale per channel, it takes one per tensor"
    return None


def same_quantisation(operator: FileOperator) -> str | None:
    """What only moves integers cannot rescale them."""
    data, result = operator.operand(0), operator.outputs[0]
    if data is None or (data.scales, data.zero_points) == (result.scales, result.zero_points):
        return None
    return "its result has another scale than its operand"


def normal_slope(operator: FileOperator) -> str | None:
    """LEAKY_RELU: a slope of zero, or one too small to be a normal number."""
    alpha = float(operator.options.get("alpha", 0.0))
    return None if abs(alpha) >= _LEAST_NORMAL else f"alpha {alpha:g}, it takes normal numbers except 0"


def pool_overlaps(operator: FileOperator) -> str | None:
    """Pools: windows that leave gaps between them."""
    for side in "HW":
        stride = operator.options.get(f"stride{side}", 0)
        size = operator.options.get({"H": "filterHeight", "W": "filterWidth"}[side], 0)
        if stride > size:
            return f"stride {stride} over a window of {size}"
    return None


def whole_blocks(operator: FileOperator) -> str | None:
    """SPACE_TO_DEPTH: sides that are not multiples of the block."""
    data, block = operator.operand(0), operator.options.get("blockSize", 1)
    if data is None or (data.rank == 4 and data.shape[1] % block == 0 and data.shape[2] % block == 0):
        return None
    return f"sides {data.shape[1:3]} are not multiples of the block {block}"


def not_scalar_reduction(operator: FileOperator) -> str | None:
    """Reductions over no axis."""
    axes = operator.operand(1)
    return "no axis to reduce" if axes is not None and prod(axes.shape) == 0 else None


def xnnpack_reshape(operator: FileOperator) -> str | None:
    """RESHAPE: no tensors without elements, and not to one axis of unknown length."""
    if any(0 in tensor.shape for tensor in (operator.operand(0), *operator.outputs) if tensor is not None):
        return "a tensor without elements"
    return None


def gpu_prelu_alpha(operator: FileOperator) -> str | None:
    """PRELU: a slope per channel (all other axes 1), or one per element of the picture."""
    data, alpha = operator.operand(0), operator.operand(1)
    if data is None or alpha is None:
        return None
    picture = _height_width_channels(data.shape)
    if alpha.rank and prod(alpha.shape[:-1]) == 1:
        if alpha.shape[-1] == picture[2]:
            return None
        return f"{alpha.shape[-1]} slopes for {picture[2]} channels"
    whole = alpha.shape[1:] if alpha.rank == 4 and alpha.shape[0] == 1 else alpha.shape
    return None if whole == picture else f"slopes of shape {alpha.shape}, neither per channel nor {picture}"


def gpu_binary(operator: FileOperator) -> str | None:
    """Arithmetic of two tensors: the same one twice, scalars beside tensors, odd constants."""
    one, other = operator.operand(0), operator.operand(1)
    if one is None or other is None:
        return None
    computed = [tensor for tensor in (one, other) if not tensor.constant]
    if len(computed) == 2:
        if one.index == other.index:
            return None if operator.kind in ("ADD", "MUL") else "both operands are the same tensor"
        if one.rank != other.rank and 0 in (one.rank, other.rank, operator.outputs[0].rank):
            return "a scalar computed at run time beside a tensor"
        return None
    constant = other if one in computed else one
    convertible = ("float32", "float16", "int32", "qint8", "quint8")
    if prod(constant.shape) == 1 and constant.dtype not in convertible:
        return f"a constant of type {constant.dtype}"
    return None


def gpu_select(operator: FileOperator) -> str | None:
    """SELECT: alternatives as large as the result, or one number each."""
    condition, result = operator.operand(0), operator.outputs[0]
    if condition is not None and condition.dtype not in ("bool", "float32", "float16"):
        return f"a condition of type {condition.dtype}"
    for slot in (1, 2):
        tensor = operator.operand(slot)
        if tensor is None:
            continue
        single = tensor.rank == 0 or tensor.shape == (1,)
        if not single and tensor.shape != result.shape:
            return f"operand {slot} of shape {tensor.shape} for a result of {result.shape}: no broadcasting"
    return None


def gpu_fully_connected(operator: FileOperator) -> str | None:
    """FULLY_CONNECTED: with keepNumDims, as many axes out as in."""
    data = operator.operand(0)
    if operator.options.get("keepNumDims") and data is not None and data.rank != operator.outputs[0].rank:
        return f"keepNumDims from rank {data.rank} to {operator.outputs[0].rank}"
    return None


def gpu_same_type(operator: FileOperator) -> str | None:
    """GATHER: the element type of the table is that of the result."""
    data, result = operator.operand(0), operator.outputs[0]
    if data is None or data.dtype == result.dtype:
        return None
    return f"from {data.dtype} to {result.dtype}"


def _height_width_channels(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """A tensor as the GPU sees it: batch first, channels last, whatever the rank."""
    if len(shape) == 4:
        return shape[1], shape[2], shape[3]
    if len(shape) == 3:
        return 1, shape[1], shape[2]
    return 1, 1, shape[1] if len(shape) == 2 else 1


CHECKS: Mapping[str, Callable[[FileOperator], str | None]] = MappingProxyType(
    {
        "per_tensor": per_tensor,
        "same_quantisation": same_quantisation,
        "normal_slope": normal_slope,
        "pool_overlaps": pool_overlaps,
        "whole_blocks": whole_blocks,
        "not_scalar_reduction": not_scalar_reduction,
        "xnnpack_reshape": xnnpack_reshape,
        "gpu_prelu_alpha": gpu_prelu_alpha,
        "gpu_binary": gpu_binary,
        "gpu_select": gpu_select,
        "gpu_fully_connected": gpu_fully_connected,
        "gpu_same_type": gpu_same_type,
    }
)
