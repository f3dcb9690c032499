"""Sums, means and variances over so many elements that float16 overflows or forgets."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING

from mobilekit.convert.coreml.lints.lint import Lint, Setting
from mobilekit.convert.coreml.lints.sources import HALF, RMS_NORM, TYPED_EXECUTION

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.view import GraphView

SUMS = frozenset({"ReduceSum", "ReduceSumSquare", "ReduceL1", "ReduceL2"})
MEANS = frozenset({"ReduceMean", "GlobalAveragePool", "AveragePool"})
NORMS = frozenset({"Normalize", "GroupNormalize", "RmsNormalize"})
"""Functions of domain mobilekit: mean and variance, or mean square."""

_MOST_SUMMED = 4096
"""So many values of 16 sum up to 65536, which float16 has not."""

_MOST_AVERAGED = 16384
"""A map of 128 × 128: style transfer at 256 × 256 fell to 15 dB in float16 by its variances alone."""


def reductions(view: GraphView, setting: Setting) -> Iterator[Lint]:
    """A lint per reduction over more elements than float16 is safe with."""
    if not setting.half:
        return
    for node in view.nodes:
        kind, most = _kind(node)
        count = _reduced(view, node) if most else 0
        if most and count > most:
            yield Lint(
                rule="reduction",
                node=node.output[0],
                what=f"{node.op_type} takes {kind} of {count:,} values; float16 ends at 65504",
                todo="the package keeps in float32 what overflows on the calibration photos: give photos"
                " that are like what the app will see",
                source=f"{HALF}; {RMS_NORM}; {TYPED_EXECUTION}",
            )


def _kind(node: onnx.NodeProto) -> tuple[str, int]:
    if node.domain == "mobilekit" and node.op_type in NORMS:
        return "mean and variance", _MOST_AVERAGED
    if not node.domain and node.op_type in SUMS:
        return "the sum", _MOST_SUMMED
    if not node.domain and node.op_type in MEANS:
        return "the mean", _MOST_AVERAGED
    return "", 0


def _reduced(view: GraphView, node: onnx.NodeProto) -> int:
    """How many values make one: of a reduction, a window, a group, or the axes of a norm."""
    shape = view.shapes[node.input[0]]
    attributes = {a.name: a for a in node.attribute}
    if node.op_type == "AveragePool":
        return prod(attributes["kernel_shape"].ints)
    if node.op_type == "GroupNormalize":
        return prod(shape[1:]) // attributes["groups"].i
    if "axes" in attributes and node.domain == "mobilekit":
        return prod(shape[axis] for axis in attributes["axes"].ints)
    return prod(shape) // max(1, prod(view.shapes[node.output[0]]))
