"""Convolutions and windows outside what the Neural Engine is said to take, or to take well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mobilekit.convert.coreml.lints.lint import Lint, Setting
from mobilekit.convert.coreml.lints.sources import ANE_GUIDE, ANEFORGE, HOLLANCE

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.view import GraphView

_WIDEST = 13
"""Columns of a kernel in float16; 15 on the newest chips."""

_WIDEST_POOL = 29
_CORES = 16

_Finding = tuple[str, str, str, str]
"""Rule, what, todo, source."""


def convolutions(view: GraphView, setting: Setting) -> Iterator[Lint]:
    """Lints per convolution or pool: kernel, dilation, groups, axes, weights computed at run time."""
    if not setting.neural_engine:
        return
    for node in view.nodes:
        if node.domain or node.op_type not in ("Conv", "ConvTranspose", "MaxPool", "AveragePool"):
            continue
        for rule, what, todo, source in _findings(view, node):
            yield Lint(rule=rule, node=node.output[0], what=what, todo=todo, source=source)


def _findings(view: GraphView, node: onnx.NodeProto) -> Iterator[_Finding]:
    shape = view.shapes[node.input[0]]
    if len(shape) == 5:
        what = f"{node.op_type} over three axes does not compile for the Neural Engine"
        yield "volume", what, "sum two-dimensional ones over the third axis", ANE_GUIDE
    if node.op_type in ("MaxPool", "AveragePool"):
        yield from _pool(node)
        return
    kernel = view.shapes[node.input[1]]
    if kernel[-1] > _WIDEST:
        what = f"a kernel {kernel[-1]} wide; the Neural Engine takes {_WIDEST}"
        yield "kernel", what, "smaller kernels one after the other, or space-to-depth before it", ANE_GUIDE
    if max(_ints(node, "dilations"), default=1) > 1:
        what = (
            f"dilated by {max(_ints(node, 'dilations'))}: in the older list of what leaves the Neural Engine"
        )
        todo = "measure on the oldest chip; if it leaves, smaller kernels one after the other"
        yield "dilation", what, todo, f"{HOLLANCE}; against it {ANE_GUIDE}: dilated forms are native"
    if node.input[1] not in view.constants:
        what = "its weights are computed at run time, which works at batch 1 only"
        yield "weights", what, "scale the input and output instead of the weights", ANEFORGE
    yield from _groups(view, node)


def _pool(node: onnx.NodeProto) -> Iterator[_Finding]:
    kernel = _ints(node, "kernel_shape")
    if max(kernel, default=1) > _WIDEST_POOL:
        what = f"a window of {'×'.join(map(str, kernel))}; the Neural Engine takes {_WIDEST_POOL}"
        yield "kernel", what, "pool twice, or reduce over the whole map", ANEFORGE


def _groups(view: GraphView, node: onnx.NodeProto) -> Iterator[_Finding]:
    group = next((a.i for a in node.attribute if a.name == "group"), 1)
    channels = view.shapes[node.input[0]][1]
    if 1 < group < channels and group % _CORES:
        what = (
            f"{group} groups of {channels // group} channels: not a multiple of the engine's {_CORES} cores"
        )
        yield "groups", what, f"a multiple of {_CORES} groups, or depthwise, or no groups", ANE_GUIDE


def _ints(node: onnx.NodeProto, name: str) -> list[Any]:
    return next((list(a.ints) for a in node.attribute if a.name == name), [])
