"""Arithmetic that does not mind what is known already: arrays are computed now, values become nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mobilekit.legalise.builder import Builder

if TYPE_CHECKING:
    from mobilekit.tensors import Array

Number: TypeAlias = "str | Array"
"""The name of a value, or an array known now."""

_NUMPY: Mapping[str, Callable[..., Any]] = {
    "Abs": np.abs,
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
    "Floor": np.floor,
    "Round": np.rint,
    "Max": np.maximum,
    "Min": np.minimum,
    "Mod": np.mod,
    "Equal": np.equal,
    "Less": np.less,
    "Where": np.where,
}


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Elementwise operators on values and arrays of one element type; Python numbers take that type."""

    b: Builder

    def __call__(self, op: str, *operands: Any) -> Number:
        """One of :data:`_NUMPY`, computed now if no operand is a value of the graph."""
        if any(isinstance(v, str) for v in operands):
            return self.b.add(op, *operands)
        return np.asarray(_NUMPY[op](*operands))

    def known(self, value: str) -> Number:
        """The array of a constant, the name of any other value."""
        array = self.b.constant(value)
        return value if array is None else array

    def value(self, number: Number) -> str:
        """The name of a number; arrays become constants."""
        if isinstance(number, str):
            return number
        return self.b.workspace.intern(np.asarray(number, order="C"), f"{self.b.serves}/constant")

    def reshape(self, number: Number, shape: tuple[int, ...]) -> Number:
        """The number in another shape."""
        return self.b.reshape(number, shape) if isinstance(number, str) else number.reshape(shape)

    def cast(self, number: Number, dtype: Any) -> Number:
        """The number as another element type."""
        return self.b.cast(number, dtype) if isinstance(number, str) else number.astype(dtype)

    def clip(self, number: Number, low: float, high: float) -> Number:
        """The number held between two bounds."""
        return self("Max", self("Min", number, high), low)
