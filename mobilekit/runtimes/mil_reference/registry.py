"""The table of op functions: the one with the greatest ``since`` up to the program's opset runs."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.ops import MODULES

Kernel = Callable[[Call], Any]
_Kernel = TypeVar("_Kernel", bound=Kernel)

_MARK = "__mil_ops__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """How an op is evaluated from opset ``since`` on.

    ``exact``: what it makes of fp16 numbers is fp16 again, so that nothing needs rounding.
    """

    op: str
    since: int
    kernel: Kernel
    exact: bool


def implements(*ops: str, since: str = "iOS15", exact: bool = False) -> Callable[[_Kernel], _Kernel]:
    """Mark a function as evaluating ``ops`` from opset ``since`` on, in a module of ``ops.MODULES``."""

    def mark(kernel: _Kernel) -> _Kernel:
        entries = [Entry(op=op, since=int(since[3:]), kernel=kernel, exact=exact) for op in ops]
        setattr(kernel, _MARK, (*getattr(kernel, _MARK, ()), *entries))
        return kernel

    return mark


@cache
def table() -> Mapping[str, tuple[Entry, ...]]:
    """Every op, its latest entry first. Raises ValueError if two claim an op from the same opset on."""
    found: dict[str, dict[int, Entry]] = {}
    for module in MODULES:
        for value in vars(importlib.import_module(module)).values():
            for entry in getattr(value, _MARK, ()):
                claimed = found.setdefault(entry.op, {}).setdefault(entry.since, entry)
                if claimed is not entry:
                    message = f"{entry.op} from iOS{entry.since} on is implemented twice"
                    raise ValueError(message)
    ordered = {
        op: tuple(entries[since] for since in sorted(entries, reverse=True)) for op, entries in found.items()
    }
    return MappingProxyType(ordered)


def lookup(op: str, opset: int) -> Entry | None:
    """The entry for ``op`` at ``opset``, None if there is none."""
    return next((entry for entry in table().get(op, ()) if entry.since <= opset), None)
