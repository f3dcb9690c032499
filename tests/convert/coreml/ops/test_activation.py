"""Activations, against ONNX Runtime, in both precisions and every opset of MIL."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mobilekit.convert.coreml.api import emit
from mobilekit.convert.coreml.emitter import Opset, Precision
from tests.convert.coreml.support import OPSETS, check, graph_of, kinds, refusal
from tests.legalise.mil import check_node_mil
from tests.legalise.support import noise

ONE = "g (float[1,3,2,4] x, float[1,3,1,4] s) => ("
NODES = {
    "relu": "Relu(x)",
    "leaky": "LeakyRelu<alpha=0.3>(x)",
    "default_leaky": "LeakyRelu(x)",
    "prelu_channels": "PRelu(x, c)",
    "prelu_constant": "PRelu(x, w)",
    "prelu_runtime": "PRelu(x, s)",
    "elu": "Elu(x)",
    "elu_alpha": "Elu<alpha=0.4>(x)",
    "selu": "Selu(x)",
    "hard_sigmoid": "HardSigmoid(x)",
    "hard_sigmoid_given": "HardSigmoid<alpha=0.5, beta=0.25>(x)",
    "hard_swish": "HardSwish(x)",
    "mish": "Mish(x)",
    "thresholded": "ThresholdedRelu<alpha=0.5>(x)",
    "gelu": "Gelu(x)",
    "gelu_tanh": 'Gelu<approximate="tanh">(x)',
    "sigmoid": "Sigmoid(x)",
    "tanh": "Tanh(x)",
    "softplus": "Softplus(x)",
    "softsign": "Softsign(x)",
    "softmax": "Softmax(x)",
    "softmax_channels": "Softmax<axis=1>(x)",
    "clip": "Clip(x, low, high)",
    "clip_six": "Clip(x, zero, six)",
    "clip_turned": "Clip(x, high, low)",
    "clip_below": "Clip(x, low)",
    "clip_above": "Clip(x, , high)",
}
CONSTANTS = (
    "<float[3,1,1] c = {0.5, -0.25, 0.0}, float[1,4] w = {0.5, 2.0, 0.0, -1.0}, float low = {-0.5},"
    " float high = {0.75}, float zero = {0.0}, float six = {6.0}>"
)
X = np.array([-70, -4, -1, -0.5, -0.25, 0, 0.125, 0.5, 1, 3, 7, 60], np.float32)


def of(names: list[str]) -> str:
    outputs = ", ".join(f"float[1,3,2,4] {name}" for name in names)
    return f"{ONE}{outputs}) {CONSTANTS} {{ " + " ".join(f"{n} = {NODES[n]}" for n in names) + " }"


def feed() -> dict[str, np.ndarray]:
    x = np.resize(np.concatenate([X, X[::-1] / 2]), (1, 3, 2, 4)).astype(np.float32)
    slope = np.linspace(-1, 2, 12).astype(np.float16).astype(np.float32).reshape(1, 3, 1, 4)
    return {"x": x, "s": slope}


@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_agree(tmp_path: Path, precision: Precision, opset: Opset) -> None:
    """Where they bend, far out, at the bounds themselves."""
    check(graph_of(of(list(NODES))), feed(), tmp_path, precision=precision, opset=opset)


def test_operators(tmp_path: Path) -> None:
    """MIL's own operator where it has one."""
    names = ["prelu_channels", "prelu_constant", "clip", "clip_six", "clip_turned"]
    emit(graph_of(of(names)), tmp_path / "m", precision="fp32")
    wanted = ["prelu", "relu", "minimum", "mul", "add", "clip", "relu6", "maximum", "minimum"]
    assert kinds(tmp_path / "m") == wanted


def test_swish(tmp_path: Path) -> None:
    """``silu``, and what an alpha takes."""
    text = "g (float[5] x) => (float[5] y, float[5] z) { y = Swish(x) z = Swish<alpha=1.5>(x) }"
    graph = graph_of(text, opset=24)
    emit(graph, tmp_path / "m", precision="fp32")
    assert kinds(tmp_path / "m") == ["silu", "mul", "sigmoid", "mul"]
    check(graph, {"x": np.linspace(-4, 4, 5, dtype=np.float32)}, tmp_path, precision="fp32")


def test_refuses_integers(tmp_path: Path) -> None:
    """A Relu of integers is legalised to a maximum before."""
    text = "g (int32[5] x) => (int32[5] y) { y = Relu(x) }"
    assert "its elements are of type int32" in refusal(graph_of(text), tmp_path)


LEGALISED = {
    "Mish": {"softplus": 1, "tanh": 1, "mul": 1},
    "Selu": {"elu": 1, "mul": 1},
    "ThresholdedRelu": {"greater": 1, "select": 1},
    "Swish": {"silu": 1},
    "Reciprocal": {"real_div": 1},
}


@pytest.mark.parametrize("op", LEGALISED)
def test_not_written_out_before(op: str) -> None:
    """Legalising leaves to MIL what it says; Celu it does not say."""
    assert check_node_mil(op, [noise(2, 5) + 3], opset=24 if op == "Swish" else 22) == LEGALISED[op]
    assert check_node_mil("Celu", [noise(2, 5)], alpha=0.5)["elu"] == 1
