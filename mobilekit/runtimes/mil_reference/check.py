"""Results against what the program declares for them: a difference is an error, never adapted."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from mobilekit.errors import UnsoundArtifactError
from mobilekit.runtimes.mil_reference.types import DictionaryType, ListType, StateType, ValueType, carrier


def check_value(value: Any, declared: ValueType, *, name: str, where: str) -> None:
    """Raise UnsoundArtifactError unless ``value`` has the declared element type and shape."""
    if isinstance(declared, ListType | StateType | DictionaryType):
        return
    if declared.dtype == "string":
        if not isinstance(value, str | np.ndarray):
            _differs(type(value).__name__, declared, name, where)
        return
    if not isinstance(value, np.ndarray):
        _differs(type(value).__name__, declared, name, where)
    if value.dtype != carrier(declared.dtype) or not fits(value.shape, declared.shape):
        _differs(f"{value.dtype} {list(value.shape)}", declared, name, where)


def fits(shape: tuple[int, ...], declared: tuple[int | None, ...] | None) -> bool:
    """Whether a shape is what the program declares, open dimensions taking any size."""
    return declared is None or (
        len(shape) == len(declared) and all(d in (None, s) for s, d in zip(shape, declared, strict=True))
    )


def _differs(got: str, declared: ValueType, name: str, where: str) -> NoReturn:
    message = f"{where}: {name}: the MIL reference evaluator got {got}, the program declares {declared}"
    raise UnsoundArtifactError(message)
