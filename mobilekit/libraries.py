"""Heavy libraries that must be imported with care, once and the same way everywhere."""

from __future__ import annotations

import importlib
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from mobilekit.errors import MissingToolError

_UNWANTED = ("tensorflow", "torch", "sklearn", "xgboost", "executorch")
"""What coremltools imports wherever it is installed, up to 11 seconds each, for frontends not used here."""


def coremltools() -> ModuleType:
    """The module ``coremltools``, imported without the frameworks that it would bring along.

    Those already imported stay; the others can be imported afterwards as if nothing had been.
    Raises MissingToolError where it is not installed (there are no wheels for Windows).
    """
    found = sys.modules.get("coremltools")
    if found is not None:
        return found
    try:
        with _hidden(_UNWANTED), _quiet():
            return importlib.import_module("coremltools")
    except ImportError as error:
        message = f"coremltools cannot be imported: {error}"
        hint = "pip install coremltools (Linux x86-64 and macOS; there is none for Windows)"
        raise MissingToolError(message, hint=hint) from error


@contextmanager
def _hidden(names: tuple[str, ...]) -> Iterator[None]:
    """Within, importing a module of ``names`` fails unless it is imported already."""
    hidden = [name for name in names if name not in sys.modules]
    # None is what makes an import statement raise ImportError; typeshed has no word for it.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


@contextmanager
def _quiet() -> Iterator[None]:
    """Within, the library's remarks about the versions of others are not shown."""
    logger = logging.getLogger("coremltools")
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
