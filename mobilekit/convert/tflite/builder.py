"""A TFLite file while it is being made: tensors, operators and equal buffers shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mobilekit.tensors import Array

OptionValue = int | float | bool | str | Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorQuantisation:
    """Scales and zero points of an integer tensor: one, or one per slice of ``axis``."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0


@dataclass(slots=True, kw_only=True)
class TensorDraft:
    """A tensor of the file; ``buffer`` indexes the file's buffers, 0 being the empty one."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    buffer: int = 0
    quantisation: TensorQuantisation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorDraft:
    """An operator of the file: builtin name, options by schema field name, tensor indices."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, OptionValue]


@dataclass(slots=True)
class FileBuilder:
    """Collects tensors and operators in the order of execution."""

    tensors: list[TensorDraft] = field(default_factory=list)
    operators: list[OperatorDraft] = field(default_factory=list)
    buffers: list[bytes] = field(default_factory=lambda: [b""])
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    _buffer_of: dict[bytes, int] = field(default_factory=dict)
    _constant_of: dict[tuple[object, ...], int] = field(default_factory=dict)

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        dtype: np.dtype[np.generic],
        *,
        quantisation: TensorQuantisation | None = None,
    ) -> int:
        """Add a tensor that an operator (or the caller of the model) will fill."""
        draft = TensorDraft(name=name, shape=tuple(shape), dtype=np.dtype(dtype), quantisation=quantisation)
        self.tensors.append(draft)
        return len(self.tensors) - 1

    def constant(self, name: str, array: Array, *, quantisation: TensorQuantisation | None = None) -> int:
        """The tensor that holds ``array``; equal constants become one tensor, equal bytes one buffer."""
        content = np.ascontiguousarray(array).tobytes()
        key = (content, array.shape, array.dtype.str, quantisation)
        if key not in self._constant_of:
            index = self.tensor(name, array.shape, array.dtype, quantisation=quantisation)
            if content not in self._buffer_of:
                self._buffer_of[content] = len(self.buffers)
                self.buffers.append(content)
            self.tensors[index].buffer = self._buffer_of[content]
            self._constant_of[key] = index
        return self._constant_of[key]

    def operator(
        self, kind: str, inputs: Sequence[int], outputs: Sequence[int], options: Mapping[str, OptionValue]
    ) -> None:
        """Append an operator; ``inputs`` of -1 are absent."""
        draft = OperatorDraft(kind=kind, inputs=tuple(inputs), outputs=tuple(outputs), options=options)
        self.operators.append(draft)

    def array_of(self, index: int) -> Array:
        """The values of a constant tensor."""
        draft = self.tensors[index]
        return np.frombuffer(self.buffers[draft.buffer], dtype=draft.dtype).reshape(draft.shape)
