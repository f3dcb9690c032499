"""Constants that float16 cannot hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.coreml.lints.epsilons import candidates
from mobilekit.convert.coreml.lints.lint import Lint, Setting
from mobilekit.convert.coreml.lints.sources import HALF

if TYPE_CHECKING:
    from mobilekit.convert.view import GraphView
    from mobilekit.tensors import Array

_LARGEST = 65504.0
_SMALLEST = 2.0**-25
"""Half of float16's smallest number: what is not larger rounds to zero."""

ROLES = {"Clip": (1, 2), "Pad": (2,), "Resize": (1, 2), "Where": ()}
"""Inputs that are bounds or filling, where the largest float16 number means the same as more."""


def half_range(view: GraphView, setting: Setting) -> Iterator[Lint]:
    """A lint per constant with values beyond float16, and per constant that becomes all zeros.

    What is added against division by zero is :mod:`epsilons`' business.
    """
    if not setting.half:
        return
    seen: set[str] = set()
    for node in view.nodes:
        for place, name in enumerate(node.input):
            array = view.constants.get(name)
            if array is None or name in seen or array.dtype.kind != "f" or not array.size:
                continue
            if place in ROLES.get(node.op_type, ()):
                continue
            seen.add(name)
            found = _of(node.output[0], name, array)
            yield from () if name in candidates(node) and _is_tiny(array) else found


def _of(node: str, name: str, array: Array) -> Iterator[Lint]:
    sizes = np.abs(array[np.isfinite(array)]).astype(np.float64)
    nonzero = sizes[sizes > 0]
    if not nonzero.size:
        return
    if nonzero.max() > _LARGEST:
        yield Lint(
            rule="half-range",
            node=node,
            what=f"{name} reaches {nonzero.max():.4g}; the package holds at most 65504 in its place",
            todo="fine for the filling of a mask; else scale it down in the model, or keep the part in fp32",
            source=HALF,
        )
    elif _is_tiny(array):
        yield Lint(
            rule="half-range",
            node=node,
            what=f"{name} is at most {nonzero.max():.4g} and becomes zero in float16",
            todo="scale it up in the model (and what follows down), or keep the part in fp32",
            source=HALF,
        )


def _is_tiny(array: Array) -> bool:
    """Whether there are values, and all of them become zero."""
    most = float(np.max(np.abs(array[np.isfinite(array)]), initial=0.0))
    return 0 < most <= _SMALLEST
