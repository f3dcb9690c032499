"""read_state, write_state, coreml_update_state.

Sources: iOS18 ``states`` and the Core ML dialect's ``ops``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("read_state", since="iOS18", exact=True)
def read_state(call: Call) -> Array:
    """A copy of the state's content."""
    content: Array = call["input"].read()
    return content


@implements("write_state", since="iOS18")
def write_state(call: Call) -> tuple[()]:
    """``data`` becomes the state's content."""
    call["input"].write(call["data"])
    return ()


@implements("coreml_update_state", since="iOS18", exact=True)
def coreml_update_state(call: Call) -> Array:
    """``value`` becomes the state's content, and is returned as it is then."""
    state = call["state"]
    state.write(call["value"])
    content: Array = state.read()
    return content
