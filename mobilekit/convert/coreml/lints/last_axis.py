"""Tensors whose rows the Neural Engine fills up with nothing."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING

from mobilekit.convert.coreml.lints.lint import Lint, Setting
from mobilekit.convert.coreml.lints.sources import ANE_TRANSFORMERS

if TYPE_CHECKING:
    from mobilekit.convert.view import GraphView

_ROW_BYTES = 64
_HALF_BYTES = 2
_WASTE_BYTES = 1 << 20
_WASTE = 2


def last_axis(view: GraphView, setting: Setting) -> Iterator[Lint]:
    """A lint per tensor whose padding costs at least a mebibyte and half of its memory.

    Rows end at multiples of 64 bytes, 32 float16 values: [1, 65536, 1] takes 32 times its size. What
    costs less is not worth a change of the model.
    """
    if not setting.neural_engine:
        return
    for name in (*view.inputs, *(name for node in view.nodes for name in node.output if name)):
        shape = view.shapes[name]
        if not shape or not prod(shape) or view.dtypes[name].kind != "f":
            continue
        size = prod(shape) * _HALF_BYTES
        row = shape[-1] * _HALF_BYTES
        padded = prod(shape[:-1]) * -(-row // _ROW_BYTES) * _ROW_BYTES
        if padded >= _WASTE * size and padded - size >= _WASTE_BYTES:
            yield Lint(
                rule="last-axis",
                node=name,
                what=f"{'×'.join(map(str, shape))} has rows of {row} bytes, filled up to {_ROW_BYTES}:"
                f" {padded / size:.0f} times the memory",
                todo="let a long axis be the last one (N×C×1×S rather than N×S×C×1)",
                source=ANE_TRANSFORMERS,
            )
