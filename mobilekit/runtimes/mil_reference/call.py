"""What the function of an op gets: its parameters by name, its declared outputs, its nested blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.runtimes.mil_reference.types import TensorType, ValueType

if TYPE_CHECKING:
    from mobilekit.runtimes.mil_reference.program import Operation

Value = Any
"""An array, a text, a tuple of values (``values`` of concat), a list, a state or a dictionary."""


class Call:
    """One operation with its parameters evaluated.

    Floats arrive as float32 whatever the program says, already rounded where it says fp16; integers and
    booleans as their own type (types narrower than a byte one to a byte). A parameter that the function
    never asks for is refused after it returns: what is not honoured must not be dropped.
    """

    __slots__ = ("_operation", "_run_block", "_unread", "_values", "opset")

    def __init__(
        self,
        operation: Operation,
        values: Mapping[str, Value],
        opset: int,
        run_block: Callable[[int, tuple[Value, ...]], tuple[Value, ...]],
    ) -> None:
        self._operation, self._values, self.opset = operation, values, opset
        self._run_block = run_block
        self._unread = set(values)

    def __getitem__(self, name: str) -> Any:
        """The parameter, or None where the program does not give it."""
        self._unread.discard(name)
        return self._values.get(name)

    def get(self, name: str, default: Any) -> Any:
        """The parameter, or ``default`` where the program does not give it."""
        self._unread.discard(name)
        return self._values.get(name, default)

    def integer(self, name: str, default: int | None = None) -> int:
        """A parameter that is one integer. Refuses if it is absent and there is no default."""
        value = self.get(name, default)
        if value is None:
            self.refuse(f"parameter {name} is missing")
        return int(np.asarray(value).reshape(()))

    def number(self, name: str, default: float | None = None) -> float:
        """A parameter that is one number; as ``integer``."""
        value = self.get(name, default)
        if value is None:
            self.refuse(f"parameter {name} is missing")
        return float(np.asarray(value).reshape(()))

    def flag(self, name: str, default: bool = False) -> bool:
        """A parameter that is one boolean."""
        return bool(np.asarray(self.get(name, default)).reshape(()))

    def text(self, name: str, default: str = "") -> str:
        """A parameter that is a text."""
        return str(self.get(name, default))

    def integers(self, name: str) -> tuple[int, ...] | None:
        """A parameter that is a vector of integers, None where it is absent."""
        value = self[name]
        if isinstance(value, tuple):
            return tuple(int(np.asarray(v).reshape(())) for v in value)
        return None if value is None else tuple(int(v) for v in np.asarray(value).reshape(-1))

    def many(self, name: str) -> tuple[Any, ...]:
        """A parameter that takes several values, as a tuple even if it is given one."""
        value = self[name]
        return value if isinstance(value, tuple) else (() if value is None else (value,))

    def ignore(self, *names: str) -> None:
        """Say that parameters have no meaning here (``pad`` where ``pad_type`` is "valid")."""
        self._unread.difference_update(names)

    @property
    def type(self) -> str:
        """The op's name."""
        return self._operation.type

    @property
    def output_types(self) -> tuple[ValueType, ...]:
        """What the program declares for each output."""
        return tuple(declared for _, declared in self._operation.outputs)

    @property
    def output_dtype(self) -> str:
        """Element type of the first output."""
        declared = self.output_types[0]
        assert isinstance(declared, TensorType)
        return declared.dtype

    def run_block(self, index: int, *values: Value) -> tuple[Value, ...]:
        """Evaluate a nested block; its inputs are ``values``."""
        return self._run_block(index, values)

    @property
    def unread(self) -> list[str]:
        """Parameters that nobody asked for yet."""
        return sorted(self._unread)

    def refuse(self, reason: str) -> NoReturn:
        """Raise UnsupportedOperatorError naming the op, its opset and the reason."""
        message = f"the MIL reference evaluator: {self._operation.where} (opset iOS{self.opset}): {reason}"
        raise UnsupportedOperatorError(message, hint="Core ML on macOS can execute the package")
