"""Axes longer than the Neural Engine's address counters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mobilekit.convert.coreml.lints.lint import Lint, Setting
from mobilekit.convert.coreml.lints.sources import ANE_GUIDE, ENGINE_LIMITS

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.view import GraphView

_PLANE = 16384
_CHANNELS = 65536
_ARGUMENT = 2048


def axis_length(view: GraphView, setting: Setting) -> Iterator[Lint]:
    """A lint per node with an output too long, and per ArgMax or ArgMin over too long an axis."""
    if not setting.neural_engine:
        return
    for node in view.nodes:
        too_long = [view.shapes[name] for name in node.output if name and _is_long(view.shapes[name])]
        if too_long:
            size = "×".join(map(str, too_long[0]))
            yield Lint(
                rule="axis-length",
                node=node.output[0],
                what=f"{node.op_type} makes {size}; the Neural Engine has {_PLANE:,} rows and columns,"
                f" {_CHANNELS:,} channels",
                todo="split it, or keep the map two-dimensional (64 × 1024 instead of 1 × 65536)",
                source=f"{ENGINE_LIMITS}; {ANE_GUIDE}",
            )
        if node.op_type in ("ArgMax", "ArgMin") and not node.domain:
            yield from _argument(view, node.input[0], node.output[0], node.op_type, _axis(node))


def _is_long(shape: tuple[int, ...]) -> bool:
    plane, rest = shape[-2:], shape[:-2]
    return max(plane, default=0) > _PLANE or max(rest, default=0) > _CHANNELS


def _axis(node: onnx.NodeProto) -> int:
    return next((a.i for a in node.attribute if a.name == "axis"), 0)


def _argument(view: GraphView, value: str, node: str, kind: str, axis: int) -> Iterator[Lint]:
    length = view.shapes[value][axis]
    if length > _ARGUMENT:
        yield Lint(
            rule="axis-length",
            node=node,
            what=f"{kind} over {length:,} elements; the Neural Engine takes {_ARGUMENT:,}",
            todo="in two steps: within blocks, then among them; or in the app",
            source=ANE_GUIDE,
        )
