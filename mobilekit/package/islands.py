"""Float islands of an integer file: what they hold, and what crosses their borders.

Each border is a QUANTIZE or a DEQUANTIZE, a pass over memory, and on an accelerator of integers a
change of hands::

    int8 ─ DEQUANTIZE ─┐ MEAN ─ SUB ─ MUL … ┌─ QUANTIZE ─ int8
                       └────── one island ──┘
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mobilekit.convert.tflite.delegates.operators import FileOperator, OperandTensor

_INTEGERS = frozenset({"qint8", "qint16", "quint8"})
_FLOAT_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Islands:
    """``islands`` of float ``operators`` (``largest``: in the largest one) that touch each other.

    ``quantize`` and ``dequantize`` operators stand at the borders, and ``bytes_crossing`` float bytes are
    written or read by them in one inference.
    """

    islands: int
    operators: int
    largest: int
    quantize: int
    dequantize: int
    bytes_crossing: int

    def to_dict(self) -> dict[str, int]:
        """As JSON."""
        return asdict(self)


def islands_of(operators: Sequence[FileOperator]) -> Islands | None:
    """The float islands of a file's ``operators``; None where nothing in it is integer arithmetic."""
    found = [each for each in operators if not each.unpacks]
    crossing = [each for each in found if _crosses(each)]
    if not any(_is_integer(each) for each in found):
        return None
    floats = [each for each in found if each not in crossing and _is_float(each)]
    sizes = _sizes(floats)
    return Islands(
        islands=len(sizes),
        operators=len(floats),
        largest=max(sizes, default=0),
        quantize=sum(each.kind == "QUANTIZE" for each in crossing),
        dequantize=sum(each.kind == "DEQUANTIZE" for each in crossing),
        bytes_crossing=sum(_FLOAT_BYTES * math.prod(each.outputs[0].shape) for each in crossing),
    )


def _crosses(operator: FileOperator) -> bool:
    """Whether an operator turns float into integers or back; between integers is no border."""
    if operator.kind == "DEQUANTIZE":
        return True
    return operator.kind == "QUANTIZE" and not any(_is_quantised(each) for each in operator.inputs)


def _is_integer(operator: FileOperator) -> bool:
    return operator.kind not in ("QUANTIZE", "DEQUANTIZE") and any(
        each.dtype in _INTEGERS for each in operator.outputs
    )


def _is_float(operator: FileOperator) -> bool:
    return any(each.dtype in ("float32", "float16") for each in operator.outputs)


def _is_quantised(tensor: OperandTensor | None) -> bool:
    return tensor is not None and tensor.dtype in _INTEGERS


def _sizes(operators: Sequence[FileOperator]) -> list[int]:
    """How many operators each group has that shares tensors."""
    group: dict[int, int] = {}
    parent = list(range(len(operators)))

    def root(index: int) -> int:
        while parent[index] != index:
            index = parent[index]
        return index

    for index, operator in enumerate(operators):
        shared = [t for t in (*operator.inputs, *operator.outputs) if t is not None and not t.constant]
        for tensor in shared:
            if tensor.dtype.startswith("float"):
                parent[root(index)] = root(group.setdefault(tensor.index, index))
    roots = [root(index) for index in range(len(operators))]
    return [roots.count(each) for each in sorted(set(roots))]
