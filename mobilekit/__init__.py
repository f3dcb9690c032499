"""One ONNX model in; per-tier Android and iOS packages out, with proof that they compute the same.

``convert``, ``package`` and ``open_runtime`` are the interface; importing this module loads nothing
else, each name is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mobilekit import errors
    from mobilekit.pipeline import convert, package
    from mobilekit.runtimes import open_runtime

    __version__: str

__all__ = ["__version__", "convert", "errors", "open_runtime", "package"]

_HOMES = {
    "convert": "mobilekit.pipeline",
    "package": "mobilekit.pipeline",
    "open_runtime": "mobilekit.runtimes",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("mobilekit")
    if name == "errors":
        return import_module("mobilekit.errors")
    if name in _HOMES:
        # `mobilekit.package` is also a folder of this package: the function wins, as in the import above.
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    message = f"module 'mobilekit' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
