"""float32 numbers rounded to what fp16 can hold."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_FEW = 4096
"""Up to so many elements NumPy is as fast as a call of ONNX Runtime."""


def rounded_to_half(value: Array) -> Array:
    """The nearest fp16 of each float32 number, ties to even, overflow to infinity; still float32.

    NumPy converts one number at a time, 3.2 ns for there and back; ONNX Runtime's Cast takes 0.2.
    """
    if value.size <= _FEW:
        return value.astype(np.float16).astype(np.float32)
    flat = np.ascontiguousarray(value).reshape(-1)
    return _session().run(None, {"x": flat})[0].reshape(value.shape)


@cache
def _session() -> Any:
    import onnxruntime
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("Cast", ["x"], ["half"], to=TensorProto.FLOAT16),
        helper.make_node("Cast", ["half"], ["y"], to=TensorProto.FLOAT),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "half", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    options = onnxruntime.SessionOptions()
    # Optimised, the two casts would cancel out.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
