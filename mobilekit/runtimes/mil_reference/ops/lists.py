"""Lists of tensors: iOS15 ``control_flow.py``.

What an element is before it is written, the documentation leaves open; the operations' tests say zeros.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements
from mobilekit.runtimes.mil_reference.types import TensorType, carrier

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@dataclass(frozen=True, slots=True)
class _List:
    """A list as ops pass it on (a tuple would be several values); None is an element never written."""

    elements: tuple[Any, ...]


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
    return _element(call, call["ls"], call.integer("index"), _declared_shape(call))


@implements("list_gather", exact=True)
def list_gather(call: Call) -> Array:
    """The elements at ``indices``, stacked."""
    held, declared = call["ls"], _declared_shape(call)
    shape = None if declared is None else declared[1:]
    return np.stack([_element(call, held, index, shape) for index in call.integers("indices") or ()])


def _declared_shape(call: Call) -> tuple[int | None, ...] | None:
    declared = call.output_types[0]
    assert isinstance(declared, TensorType)
    return declared.shape


def _element(call: Call, held: _List, index: int, shape: tuple[int | None, ...] | None) -> Array:
    """The element; zeros of ``shape`` where it was never written. Refuses an index beyond the list."""
    index = index + len(held.elements) if index < 0 else index
    if not 0 <= index < len(held.elements):
        call.refuse(f"element {index} of a list of {len(held.elements)}")
    element = held.elements[index]
    if element is not None:
        return np.asarray(element)
    if shape is None or None in shape:
        call.refuse(f"element {index} was never written, and its shape is not fixed")
    return np.zeros([d or 0 for d in shape], carrier(call.output_dtype))


def _written(held: _List, indices: list[int], values: list[Any]) -> _List:
    elements = list(held.elements)
    for index, value in zip(indices, values, strict=True):
        elements += [None] * (index + 1 - len(elements))
        elements[index] = value
    return _List(tuple(elements))
