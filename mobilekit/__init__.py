"""One ONNX model in; per-tier Android and iOS packages out, with proof that they compute the same.

``convert``, ``package`` and ``open_runtime`` are the interface; importing this module loads nothing
else, each is imported when it is first used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mobilekit import errors
    from mobilekit.pipeline import convert, package
    from mobilekit.runtimes import open_runtime

    __version__: str

__all__ = ["__version__", "convert", "errors", "open_runtime", "package"]

_STAGES_AND_FUNCTIONS = ("convert", "package")
"""Names of a stage's folder and of the function that runs the whole: `mobilekit.convert(…)`."""


class _CallableStage(ModuleType):
    """A stage's package that is also the pipeline's function of its name.

    Importing `mobilekit.convert.tflite` binds `mobilekit.convert` to the folder, whatever was there:
    so the folder itself is what can be called.
    """

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        function = getattr(import_module("mobilekit.pipeline"), self.__name__.rpartition(".")[2])
        return function(*arguments, **keywords)


class _Root(ModuleType):
    """This module: makes the stages callable when the import system binds them."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _STAGES_AND_FUNCTIONS and type(value) is ModuleType:
            value.__class__ = _CallableStage
        super().__setattr__(name, value)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("mobilekit")
    if name in _STAGES_AND_FUNCTIONS or name == "errors":
        return import_module(f"mobilekit.{name}")
    if name == "open_runtime":
        return import_module("mobilekit.runtimes").open_runtime
    message = f"module 'mobilekit' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


sys.modules[__name__].__class__ = _Root
