"""Convolutions by ONNX Runtime's kernels: the one heavy operation that the evaluator does not write out.

A session holds a single ``Conv`` or ``ConvTranspose`` node whose data and weights are inputs, so that one
session serves all operations of the same geometry.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mobilekit.tensors import Array


def convolve(
    x: Array,
    weight: Array,
    *,
    transposed: bool = False,
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
    pads: tuple[tuple[int, int], ...] = (),
    groups: int,
) -> Array:
    """Correlation of ``x`` [n, c, *spatial] with ``weight``, zeros beyond ``pads``; float32 in and out.

    ``weight`` is [out, in / groups, *kernel], and [in, out / groups, *kernel] of a transposed convolution.
    """
    around = pads or ((0, 0),) * len(strides)
    session = _session(transposed, strides, dilations, around, groups)
    feed = {"x": np.ascontiguousarray(x, np.float32), "w": np.ascontiguousarray(weight, np.float32)}
    result: Array = session.run(None, feed)[0]
    return result


@lru_cache(maxsize=256)
def _session(
    transposed: bool,
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
    pads: tuple[tuple[int, int], ...],
    groups: int,
) -> Any:
    import onnxruntime
    from onnx import TensorProto, helper

    begins, ends = [before for before, _ in pads], [after for _, after in pads]
    node = helper.make_node(
        "ConvTranspose" if transposed else "Conv",
        ["x", "w"],
        ["y"],
        strides=list(strides),
        dilations=list(dilations),
        pads=begins + ends,
        group=groups,
    )
    rank = len(strides) + 2
    values = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * rank)
        for name in ("x", "w", "y")
    }
    graph = helper.make_graph([node], "convolution", [values["x"], values["w"]], [values["y"]])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
