"""A MIL program as frozen values: functions of blocks of operations, and what the package says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mobilekit.runtimes.mil_reference.types import ValueType

if TYPE_CHECKING:
    from mobilekit.tensors import Array

OPSETS = {"CoreML5": 15, "CoreML6": 16, "CoreML7": 17, "CoreML8": 18}
"""The program's name of each opset, by the version of iOS that brought it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """A value written in the program: an array, a text, or a tuple of either (a list)."""

    value: Array | str | tuple[Any, ...]


Binding = str | Constant
"""What an operation is given: the name of a value, or the value itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation; ``attributes`` hold what the program writes beside its inputs (``val`` of a const)."""

    type: str
    inputs: Mapping[str, tuple[Binding, ...]]
    attributes: Mapping[str, Constant]
    outputs: tuple[tuple[str, ValueType], ...]
    blocks: tuple[Block, ...]

    @property
    def where(self) -> str:
        """For messages: the operation's type and what it computes."""
        return f"{self.type} → {', '.join(name for name, _ in self.outputs) or 'nothing'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Operations in order; a nested block sees the values of those around it."""

    inputs: tuple[tuple[str, ValueType], ...]
    operations: tuple[Operation, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """An entry point of the program."""

    name: str
    inputs: tuple[tuple[str, ValueType], ...]
    opset: int
    block: Block


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """An input or an output as the package describes it; ``colour`` is None unless it is an image.

    ``shape`` is [1, channels, height, width] for an image.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    colour: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A whole package: ``default`` names the function that runs unless another is asked for."""

    functions: Mapping[str, Function]
    default: str
    inputs: tuple[Feature, ...]
    outputs: tuple[Feature, ...]
    metadata: Mapping[str, str]
