"""The committed network is what its description and its results say."""

import json
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from mobilekit.demo.faces import Identity, Scene, render

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "mobilekit" / "demo"
MODEL = DEMO / "fusion.onnx"
RESULTS = json.loads((ROOT / "examples" / "train_demo" / "results.json").read_text())
UNSEEN = range(9_000_000, 9_000_016, 2)


@pytest.fixture(scope="module")
def graph():
    """The graph of the committed model."""
    return onnx.load(MODEL).graph


@pytest.fixture(scope="module")
def pairs():
    """target, source, fused, truth bytes of pairs of people and scenes not trained on."""
    session = onnxruntime.InferenceSession(MODEL, providers=["CPUExecutionProvider"])
    rows = []
    for seed in UNSEEN:
        ours, theirs = Identity.sample(seed), Identity.sample(seed + 1)
        here, there = Scene.sample(seed), Scene.sample(seed + 1)
        target, source, truth = render(ours, here), render(theirs, there), render(theirs, here)
        fused = session.run(None, {"target": _feed(target), "source": _feed(source)})[0]
        picture = np.round((fused[0].transpose(1, 2, 0) + 1) * 127.5).clip(0, 255)
        rows.append((target, source, picture.astype(np.uint8), truth))
    return rows


def _feed(picture):
    """1×3×H×W float32 -1..1."""
    return (picture.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None]


def _psnr(first, second):
    return -10 * np.log10(np.square((first.astype(float) - second) / 255).mean())


def _shape(value):
    return value.name, [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]


def test_inputs_and_outputs_are_the_description_s(graph):
    """Names and shapes are those of mobilekit.toml: 1×3×512×512, fixed."""
    description = tomllib.loads((DEMO / "mobilekit.toml").read_text())
    shape = [1, 3, 512, 512]
    assert [_shape(value) for value in graph.input] == [(name, shape) for name in description["inputs"]]
    assert [_shape(value) for value in graph.output] == [(name, shape) for name in description["outputs"]]
    assert description["model"]["path"] == MODEL.name


def test_weights_are_inside_and_under_4_mb(graph):
    """The float32 weights take less than 4 MB, none lies in another file."""
    weights = [tensor for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT]
    size_bytes = sum(4 * int(np.prod(tensor.dims)) for tensor in weights)
    assert 1_000_000 < size_bytes < 4_000_000
    assert all(tensor.data_location == onnx.TensorProto.DEFAULT for tensor in graph.initializer)


def test_operators_are_those_of_real_exports(graph):
    """The operators that make conversion hard are there; none is of another domain."""
    operators = Counter(node.op_type for node in graph.node)
    hard = {"Resize", "Concat", "LeakyRelu", "Softmax", "BatchNormalization", "ReduceMean", "Split", "Tanh"}
    assert hard <= set(operators)
    assert "InstanceNormalization" not in operators
    assert {node.domain for node in graph.node} == {""}
    assert dict(sorted(operators.items())) == RESULTS["operators"]


def test_every_resize_is_linear(graph):
    """Upsampling is bilinear, with half-pixel centres."""
    for node in (node for node in graph.node if node.op_type == "Resize"):
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        assert attributes["mode"] == b"linear"
        assert attributes["coordinate_transformation_mode"] in {b"half_pixel", b"pytorch_half_pixel"}


def test_fused_is_near_the_truth(pairs):
    """Unseen pairs reach the claimed PSNR within 2 dB, and beat the trivial answer by 5."""
    fused = np.mean([_psnr(fused, truth) for _, _, fused, truth in pairs])
    trivial = np.mean([_psnr(target, truth) for target, _, _, truth in pairs])
    assert fused > RESULTS["psnr_mean_db"] - 2
    assert fused > trivial + 5


def test_fused_follows_the_source(pairs):
    """The fused picture is nearer to its own truth than to its source or to its target."""
    for target, source, fused, truth in pairs:
        assert _psnr(fused, truth) > _psnr(fused, source)
        assert _psnr(fused, truth) > _psnr(fused, target)
