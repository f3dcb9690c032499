"""Lists of tensors: iOS15 ``control_flow.py``. A list is a tuple; an element never written is None."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements

if TYPE_CHECKING:
    from mobilekit.tensors import Array

MilList = tuple[Any, ...]


class _List:
    """A list as ops pass it on; not a tuple, which would be several values."""

    __slots__ = ("elements",)

    def __init__(self, elements: MilList) -> None:
        self.elements = elements


@implements("make_list", exact=True)
def make_list(call: Call) -> _List:
    """A list of ``init_length`` elements; their shape and type are checked where they are read."""
    call.ignore("elem_shape", "dtype", "dynamic_length")
    return _List((None,) * call.integer("init_length", 1))


@implements("list_length")
def list_length(call: Call) -> Array:
    """The number of elements."""
    return np.array(len(call["ls"].elements), np.int32)


@implements("list_write", exact=True)
def list_write(call: Call) -> _List:
    """The list with ``value`` at ``index``; it grows if it must."""
    return _written(call["ls"], [call.integer("index")], [call["value"]])


@implements("list_scatter", exact=True)
def list_scatter(call: Call) -> _List:
    """The list with the rows of ``value`` at ``indices``; it grows if it must."""
    return _written(call["ls"], list(call.integers("indices") or ()), list(call["value"]))


@implements("list_read", exact=True)
def list_read(call: Call) -> Array:
    """The element at ``index``."""
    return _element(call, call["ls"], call.integer("index"))


@implements("list_gather", exact=True)
def list_gather(call: Call) -> Array:
    """The elements at ``indices``, stacked."""
    held = call["ls"]
    return np.stack([_element(call, held, index) for index in call.integers("indices") or ()])


def _element(call: Call, held: _List, index: int) -> Array:
    index = index + len(held.elements) if index < 0 else index
    if not 0 <= index < len(held.elements) or held.elements[index] is None:
        call.refuse(f"element {index} of a list of {len(held.elements)} was never written")
    return held.elements[index]


def _written(held: _List, indices: list[int], values: list[Any]) -> _List:
    elements = list(held.elements)
    for index, value in zip(indices, values, strict=True):
        elements += [None] * (index + 1 - len(elements))
        elements[index] = value
    return _List(tuple(elements))
