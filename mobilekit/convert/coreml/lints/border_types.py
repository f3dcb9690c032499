"""Inputs and outputs of types that a multi-array does not have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mobilekit.convert.coreml.lints.lint import Lint, Setting
from mobilekit.convert.coreml.lints.sources import COREMLTOOLS_TYPES

if TYPE_CHECKING:
    from mobilekit.convert.view import GraphView

_CARRIED = {
    "int64": ("int32", "values beyond ±2147483647 have no place"),
    "uint32": ("int32", "values beyond 2147483647 have no place"),
    "uint64": ("int32", "values beyond 2147483647 have no place"),
    "bool": ("int32", "0 and 1 stand for false and true"),
    "float64": ("float32", "seven digits stay"),
}
_NARROW = ("int8", "uint8", "int16", "uint16")


def border_types(view: GraphView, setting: Setting) -> Iterator[Lint]:  # noqa: ARG001 - holds everywhere
    """A lint per input and output that the app sees as another type than the model's."""
    for direction, names in (("input", view.inputs), ("output", view.outputs)):
        for name in names:
            dtype = view.dtypes[name].name
            narrow = ("int32", "each takes four bytes") if dtype in _NARROW else None
            carried = _CARRIED.get(dtype) or narrow
            if carried is None:
                continue
            yield Lint(
                rule="border-type",
                node=name,
                what=f"{direction} {name} is {dtype} and becomes a multi-array of {carried[0]}: {carried[1]}",
                todo="cast inside the model to int32 or float32; an image described as one is a pixel buffer",
                source=COREMLTOOLS_TYPES,
            )
