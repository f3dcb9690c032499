"""Types of MIL values as a program declares them, and the NumPy types that carry them here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

# DataType of MIL.proto, by the names that MIL's own `dtype` parameters use.
DTYPES = {
    1: "bool",
    2: "string",
    10: "fp16",
    11: "fp32",
    12: "fp64",
    21: "int8",
    22: "int16",
    23: "int32",
    24: "int64",
    25: "int4",
    31: "uint8",
    32: "uint16",
    33: "uint32",
    34: "uint64",
    35: "uint4",
    36: "uint2",
    37: "uint1",
    38: "uint6",
    39: "uint3",
}
"""Element types that are read; 8-bit floats and bfloat16 are not."""

STORED: dict[str, type[np.generic]] = {
    "bool": np.bool_,
    "fp16": np.float16,
    "fp32": np.float32,
    "fp64": np.float64,
    "int8": np.int8,
    "int16": np.int16,
    "int32": np.int32,
    "int64": np.int64,
    "int4": np.int8,
    "uint8": np.uint8,
    "uint16": np.uint16,
    "uint32": np.uint32,
    "uint64": np.uint64,
    "uint6": np.uint8,
    "uint4": np.uint8,
    "uint3": np.uint8,
    "uint2": np.uint8,
    "uint1": np.uint8,
}
"""The NumPy type of each element type; smaller integers are carried one to a byte."""

BITS = {"int4": 4, "uint6": 6, "uint4": 4, "uint3": 3, "uint2": 2, "uint1": 1}
"""Width of the element types that are narrower than a byte."""

FLOATS = ("fp16", "fp32", "fp64")


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorType:
    """Element type and shape; a dimension that the program leaves open is None, a shape of any rank too."""

    dtype: str
    shape: tuple[int | None, ...] | None

    def __str__(self) -> str:
        if self.shape is None:
            return f"{self.dtype} [of any rank]"
        return f"{self.dtype} [{', '.join('?' if d is None else str(d) for d in self.shape)}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListType:
    """A list of tensors of one type; ``length`` is None where it changes at run time."""

    element: TensorType
    length: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateType:
    """A buffer that outlives a prediction."""

    wrapped: TensorType


@dataclass(frozen=True, slots=True, kw_only=True)
class DictionaryType:
    """What a classifier answers: a number per label."""

    key: str
    value: str


ValueType = TensorType | ListType | StateType | DictionaryType


def carrier(dtype: str) -> Any:
    """The NumPy type that holds ``dtype`` while evaluating: fp16 travels as float32, already rounded."""
    return np.float32 if dtype == "fp16" else STORED[dtype]
