"""Activations on int8 maps are written in operators that are fast there, and right to one step."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.quantisation import OperatorPlan, QuantisationPlan, Scale

HEAD = '<ir_version: 10, opset_import: ["": 21]> g'
TABLE = ["QUANTIZE", "DEQUANTIZE", "KIND", "QUANTIZE", "DEQUANTIZE"]


@pytest.mark.parametrize(
    ("node", "scale", "kinds"),
    [
        ("Relu(x)", (0.02, -128), ["QUANTIZE", "QUANTIZE", "DEQUANTIZE"]),
        ("Relu(x)", (0.04, 0), [k.replace("KIND", "RELU") for k in TABLE]),
        ("Clip(x, low, six)", (0.02, -128), ["QUANTIZE", "QUANTIZE", "DEQUANTIZE"]),
        ("Clip(x, low, six)", (0.03, -128), [k.replace("KIND", "RELU6") for k in TABLE]),
        ("HardSwish(x)", (0.03, -110), [k.replace("KIND", "HARD_SWISH") for k in TABLE]),
        ("LeakyRelu(x)", (0.03, 0), ["QUANTIZE", "LEAKY_RELU", "DEQUANTIZE"]),
    ],
)
def test_what_is_written(graph_of, agrees, operators, node: str, scale: tuple[float, int], kinds) -> None:
    """Saturation where the result begins at zero (and ends before six), a table elsewhere."""
    constants = {"low": np.array(0, np.float32), "six": np.array(6, np.float32)} if "six" in node else {}
    graph = graph_of(f"{HEAD} (float[1,4,8,8] x) => (float y) {{ y = {node} }}", constants)
    plan = QuantisationPlan(
        graph_digest=graph.digest,
        values={
            "x": Scale(scale=0.03, zero_point=3),
            "y": Scale(scale=scale[0], zero_point=scale[1]),
        },
        operators={"y": OperatorPlan(precision="int8")},
    )
    assert operators(graph, precision="int8", plan=plan) == kinds
    agrees(graph, precision="int8", plan=plan, tolerance=0.02)
