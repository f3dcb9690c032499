"""Operators that are said to leave the Neural Engine, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mobilekit.convert.coreml.lints.lint import Lint, Setting
from mobilekit.convert.coreml.lints.sources import (
    ANE_GUIDE,
    ANEFORGE,
    COMPUTE_PLAN,
    COREMLTOOLS_RECURRENT,
    HOLLANCE,
)

if TYPE_CHECKING:
    from mobilekit.convert.view import GraphView


@dataclass(frozen=True, slots=True)
class _Leaves:
    """What is said of an operator, what to do, and who says it."""

    what: str
    todo: str
    source: str


_EDGE = "leave it to the app's own code if it is at an end of the model: each change of unit costs copies"
_RECURRENT = _Leaves("has no Neural Engine form", "use convolutions or attention", COREMLTOOLS_RECURRENT)
_GATHERS = _Leaves(
    "indexes by computed positions, on the CPU",
    "use slices where the positions are known, a one-hot product for a small table; or look up in the app",
    f"{COMPUTE_PLAN}; {HOLLANCE}",
)
_SCATTERS = _Leaves("has no Neural Engine form", "write it as a mask: where, or a product", ANE_GUIDE)
_LOGIC = _Leaves("has no Neural Engine form", "multiply masks, or take their minimum or maximum", ANEFORGE)
_TRIGONOMETRY = _Leaves("has no Neural Engine form", "a polynomial, or compute it in the app", ANEFORGE)
_BITS = _Leaves("has no Neural Engine form: it computes in float16", _EDGE, ANEFORGE)
_WAVES = _Leaves(
    "is on the Neural Engine from A15 (iPhone 13) on", "give tables of it as constants", ANE_GUIDE
)
_SAMPLER = _Leaves(
    "is on the Neural Engine from A14 (iPhone 12) on, if at all",
    "take fixed positions, or warp with Core Image or Metal in the app",
    f"{ANE_GUIDE}; {ANEFORGE}",
)
_SORTS = _Leaves("is on the Neural Engine from A14 (iPhone 12) on, if at all", _EDGE, ANEFORGE)

TABLE = {
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _RECURRENT),
    **dict.fromkeys(("Gather", "GatherND", "GatherElements"), _GATHERS),
    **dict.fromkeys(("ScatterND", "ScatterElements", "TensorScatter"), _SCATTERS),
    **dict.fromkeys(("And", "Or", "Xor"), _LOGIC),
    **dict.fromkeys(
        ("Acos", "Acosh", "Asin", "Asinh", "Atanh", "Cosh", "Sinh", "Tan"),
        _TRIGONOMETRY,
    ),
    **dict.fromkeys(("BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot", "BitShift"), _BITS),
    **dict.fromkeys(("Sin", "Cos"), _WAVES),
    **dict.fromkeys(("GridSample", "RoiAlign"), _SAMPLER),
    "TopK": _SORTS,
    "ReduceProd": _Leaves("has no Neural Engine form", "multiply step by step, or sum logarithms", ANE_GUIDE),
    "CumSum": _Leaves("has no Neural Engine form", "a product with a triangle of ones", ANEFORGE),
    "NonZero": _Leaves("has no Neural Engine form, and a shape that varies", _EDGE, ANEFORGE),
    "Mod": _Leaves("has no Neural Engine form", "subtract floor(a / b) times b", ANEFORGE),
    "ArgMin": _Leaves(
        "is on the Neural Engine from A15 (iPhone 13) on", "take ArgMax of the negative", ANEFORGE
    ),
    "NonMaxSuppression": _Leaves("runs on CPU or GPU", _EDGE, ANEFORGE),
}
"""ONNX operators of the legalised graph that the Neural Engine does not have, or not on every chip."""


def operators(view: GraphView, setting: Setting) -> Iterator[Lint]:
    """A lint per node of an operator in ``TABLE``; constant folding has removed what can be known."""
    if not setting.neural_engine:
        return
    for node in view.nodes:
        said = TABLE.get(node.op_type) if not node.domain else None
        if said is None or not view.runtime_inputs(node):
            continue
        yield Lint(
            rule="operator",
            node=node.output[0],
            what=f"{node.op_type} {said.what}",
            todo=said.todo,
            source=said.source,
        )
