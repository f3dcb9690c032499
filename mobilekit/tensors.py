"""Names, element types and shapes of tensors: what every stage agrees on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]
    Feed = Mapping[str, Array]


class DType(StrEnum):
    """Element types, by their NumPy names (``bool`` included)."""

    FLOAT16 = "float16"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    UINT8 = "uint8"
    UINT16 = "uint16"
    UINT32 = "uint32"
    UINT64 = "uint64"
    BOOL = "bool"

    @property
    def is_float(self) -> bool:
        """Whether values of this type are floating-point numbers."""
        return self in (DType.FLOAT16, DType.FLOAT32, DType.FLOAT64)


class Layout(StrEnum):
    """Where an image tensor of rank 4 has its channels."""

    NCHW = "nchw"
    NHWC = "nhwc"


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """A tensor at a model's border: ONNX name, element type and fixed shape."""

    name: str
    dtype: DType
    shape: tuple[int, ...]
