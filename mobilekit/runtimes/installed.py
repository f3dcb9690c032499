"""Whether a library is installed, without importing it: what is asked in every build must cost nothing."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from mobilekit.runtimes.base import Availability


def installed(module: str, *, distribution: str, title: str) -> Availability:
    """Whether ``module`` can be found, and the version of its ``distribution``; nothing is tried."""
    if find_spec(module) is None:
        return Availability(available=False, detail=f"{title} is not installed; pip install {distribution}")
    try:
        found = version(distribution)
    except PackageNotFoundError:
        found = "of unknown version"
    return Availability(available=True, detail=f"{title} {found}")
