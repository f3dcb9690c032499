"""Where a vendor's libraries are: in the folder that a variable names, else in its SDK package."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from mobilekit.artifact import digest_of_bytes, digest_of_path
from mobilekit.errors import MissingToolError

if TYPE_CHECKING:
    from mobilekit.compile.base import Vendor


@dataclass(frozen=True, slots=True, kw_only=True)
class Sdk:
    """A vendor's libraries: the ``folder`` that has them (None: LiteRT asks the package), and where from.

    ``digest`` changes when the libraries do.
    """

    folder: Path | None
    origin: str
    digest: str


def find_sdk(vendor: Vendor, environment: Mapping[str, str] | None = None) -> Sdk:
    """The vendor's libraries here. Raises MissingToolError saying what to install."""
    named = (os.environ if environment is None else environment).get(vendor.variable)
    if named:
        return _in_folder(vendor, Path(named))
    if find_spec(vendor.module) is not None:
        found = _version(vendor.package)
        return Sdk(folder=None, origin=f"{vendor.package} {found}", digest=digest_of_bytes(found.encode()))
    message = f"compiling for {vendor.title}'s NPUs needs {vendor.title}'s SDK, which is not here"
    raise MissingToolError(message, hint=_install(vendor))


def _in_folder(vendor: Vendor, folder: Path) -> Sdk:
    files = sorted(folder.glob("*.so*")) if folder.is_dir() else []
    present = {file.name for file in files}
    missing = [name for name in vendor.needs if name not in present]
    if missing or not files:
        lacks = ", ".join(missing) or "any library"
        message = f"{vendor.variable} names {folder}, which does not have {lacks}"
        raise MissingToolError(message, hint=_install(vendor))
    lines = [f"{name}\0{digest_of_path(folder / name)}" for name in vendor.needs or sorted(present)]
    return Sdk(
        folder=folder.resolve(), origin=vendor.variable, digest=digest_of_bytes("\n".join(lines).encode())
    )


def _install(vendor: Vendor) -> str:
    where = "" if sys.platform == "linux" else " (on Linux, x86-64: compilers of NPUs run nowhere else)"
    return (
        f"pip install {vendor.package}{where}, or name a folder with its libraries in {vendor.variable}; "
        "without --npu the file for all devices is built alone"
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "of unknown version"
