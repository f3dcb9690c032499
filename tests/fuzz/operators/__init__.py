"""Which choices make a node of an operator: one function per operator or per kind of operator.

Each reads a :class:`~tests.fuzz.draft.Draft`, picks operands and attributes, and adds its node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from tests.fuzz.draft import Draft
from tests.fuzz.operators import (
    activation,
    broadcast,
    control,
    convolution,
    indexing,
    integer,
    larger,
    matmul,
    movement,
    normalisation,
    patterns,
    pooling,
    reduction,
    resampling,
    shapes,
    sorting,
)

Maker = Callable[[Draft], None]

MODULES = (
    activation, broadcast, integer, reduction, sorting, convolution, pooling, resampling, movement,
    indexing, matmul, normalisation, shapes, patterns, larger, control,
)  # fmt: skip
TABLE: Mapping[str, Maker] = {name: make for module in MODULES for name, make in module.TABLE.items()}


@cache
def available(opset: int) -> list[str]:
    """The names of the table that an opset has; a pattern says which operators it needs."""
    import onnx

    found = []
    for name in TABLE:
        try:
            schema = onnx.defs.get_schema(patterns.NEEDS.get(name, name), opset, "")
        except onnx.defs.SchemaError:
            continue
        if not schema.deprecated:
            found.append(name)
    return found
