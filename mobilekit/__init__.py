"""One ONNX model in; per-tier Android and iOS packages out, with proof that they compute the same.

``calibrate``, ``convert``, ``package`` and ``open_runtime`` are the interface; importing this module
loads nothing else, each is imported when it is first used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from inspect import Signature

    from mobilekit import errors
    from mobilekit.pipeline import calibrate, convert, package
    from mobilekit.runtimes import open_runtime

    __version__: str

__all__ = ["__version__", "calibrate", "convert", "errors", "open_runtime", "package"]

_STAGES_AND_FUNCTIONS = ("calibrate", "convert", "package")
"""Names of a stage's folder and of the function that runs the whole: `mobilekit.convert(…)`."""


class _CallableStage(ModuleType):
    """A stage's package that is also the pipeline's function of its name.

    Importing `mobilekit.convert.tflite` binds `mobilekit.convert` to the folder, whatever was there:
    so the folder itself is what can be called.
    """

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self._function()(*arguments, **keywords)

    def _function(self) -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(
            import_module("mobilekit.pipeline"), self.__name__.rpartition(".")[2]
        )
        return function

    @property
    def __signature__(self) -> Signature:
        """The function's, for ``inspect.signature`` and interactive shells."""
        from inspect import signature

        return signature(self._function())

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        """The function's, with its keywords: ``help`` shows no signature of a folder."""
        from inspect import getdoc

        summary, _, rest = (getdoc(self._function()) or "").partition("\n")
        keywords = "".join(f"    {keyword},\n" for keyword in _keywords(self.__signature__))
        return f"{summary}\n\n{self.__name__}(\n{keywords})\n{rest}"


def _keywords(signature: Signature) -> list[str]:
    """Parameters as they are written, with the ``*`` before those that are keywords only."""
    parameters = list(signature.parameters.values())
    first = next((i for i, p in enumerate(parameters) if p.kind is p.KEYWORD_ONLY), len(parameters))
    texts = [
        f"{p.name}: {p.annotation}" + (f" = {p.default!r}" if p.default is not p.empty else "")
        for p in parameters
    ]
    return [*texts[:first], *(["*"] if first < len(texts) else []), *texts[first:]]


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
