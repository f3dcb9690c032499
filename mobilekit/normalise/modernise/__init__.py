"""Any opset up to 20 becomes 21, exactly: a small function for every operator whose schema changed.

Operators that are not in :data:`REWRITES` mean at opset 21 what they meant before with the same
attributes and inputs; a test compares the whole schema history with this table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from mobilekit.normalise.modernise import inputs, normalisation, pool, resample, softmax

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node

CANONICAL_OPSET = 21
Rewriting = Callable[["Editor", "Node"], None]


def _before(opset: int, rewriting: Rewriting) -> tuple[int, Rewriting]:
    return opset, rewriting


_REDUCTIONS = (
    "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin",
    "ReduceProd", "ReduceSumSquare",
)  # fmt: skip
REWRITES: Mapping[str, tuple[tuple[int, Rewriting], ...]] = MappingProxyType(
    {
        **{op: (_before(18, inputs.reduce),) for op in _REDUCTIONS},
        "ReduceSum": (_before(13, inputs.reduce),),
        "AveragePool": (_before(19, pool.average_pool),),
        "BatchNormalization": (_before(14, normalisation.batch_normalization),),
        "Clip": (_before(11, inputs.clip),),
        "DFT": (_before(20, inputs.dft),),
        "Dropout": (_before(12, inputs.dropout),),
        "GridSample": (_before(20, resample.grid_sample),),
        "GroupNormalization": (_before(21, normalisation.group_normalization),),
        "Hardmax": (_before(13, softmax.coerced),),
        "LogSoftmax": (_before(13, softmax.coerced),),
        "Pad": (_before(11, inputs.pad),),
        # tf2onnx writes the modes of opset 11 up to opset 18, and ONNX Runtime takes them.
        "Resize": (_before(11, resample.resize_10), _before(19, resample.resize_11)),
        "RoiAlign": (_before(16, resample.roi_align),),
        "Scatter": (_before(11, inputs.scatter),),
        "Slice": (_before(10, inputs.slice_),),
        "Softmax": (_before(13, softmax.coerced),),
        "Split": (_before(18, inputs.split),),
        "Squeeze": (_before(13, inputs.axes),),
        "TopK": (_before(10, inputs.top_k),),
        "Unsqueeze": (_before(13, inputs.axes),),
        "Upsample": (_before(10, resample.upsample),),
    }
)
"""Per operator: the first opset that has its new form, and the function that brings an older node to it."""


def modernise(editor: Editor) -> None:
    """Raise the opset to 21; opsets 22 to 25 stay.

    Requires: the type of every value. Ensures: every node is valid at the graph's opset, of 21 or more.
    """
    opset = editor.opset
    if opset >= CANONICAL_OPSET:
        return
    editor.opset = CANONICAL_OPSET
    for node in editor.nodes:
        for first, rewriting in () if node.domain else REWRITES.get(node.op, ()):
            if opset < first:
                rewriting(editor, node)
                break
    editor.remove_unused()
