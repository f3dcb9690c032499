"""Branches, loops and choices: iOS15 ``control_flow.py`` without the lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@implements("cond", exact=True)
def cond(call: Call) -> tuple[Any, ...]:
    """The first block where ``pred`` is true, the second elsewhere."""
    return call.run_block(0 if call.flag("pred") else 1)


@implements("while_loop", exact=True)
def while_loop(call: Call) -> tuple[Any, ...]:
    """While the first block of ``loop_vars`` is true they become what the second makes of them."""
    values = call.many("loop_vars")
    while bool(np.asarray(call.run_block(0, *values)[0]).reshape(())):
        values = call.run_block(1, *values)
    return values


@implements("select", exact=True)
def select(call: Call) -> Array:
    """``a`` where ``cond`` is true, ``b`` elsewhere, broadcast."""
    return np.where(call["cond"], call["a"], call["b"])
