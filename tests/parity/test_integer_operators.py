"""QDQ models and .tflite files of one plan: every operator gives the same integers, but for one step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from mobilekit.convert import qdq, tflite
from mobilekit.errors import ModelFileError
from mobilekit.parity.integer_operators import compare_integers
from tests.convert.qdq.conftest import feeds_of, graph_of, plan_of

MAP = "float[1, 8, 6, 6] x"
RNG = np.random.default_rng(3)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng([*shape]).normal(size=shape).astype(np.float32)


CASES: dict[str, tuple[str, str, dict[str, np.ndarray]]] = {
    "Conv": (MAP, "y = Conv<pads = [1,1,1,1]>(x, w, b)", {"w": noise(4, 8, 3, 3), "b": noise(4)}),
    "Conv and Relu": (MAP, "c = Conv(x, w, b) y = Relu(c)", {"w": noise(4, 8, 3, 3), "b": noise(4)}),
    "depthwise Conv": (MAP, "y = Conv<group = 8>(x, w, b)", {"w": noise(8, 1, 3, 3), "b": noise(8)}),
    "ConvTranspose": (MAP, "y = ConvTranspose<strides = [2,2]>(x, w, b)", {"w": noise(8, 4, 2, 2), "b": noise(4)}),
    "Gemm": ("float[3, 8] x", "y = Gemm<transB = 1>(x, w, b)", {"w": noise(5, 8), "b": noise(5)}),
    "MatMul": ("float[1, 3, 8] x", "y = MatMul(x, w)", {"w": noise(8, 5)}),
    "Add": (f"{MAP}, float[1, 8, 6, 6] z", "y = Add(x, z)", {}),
    "Add a constant": (MAP, "y = Add(x, c)", {"c": noise(8, 1, 1)}),
    "Sub": (f"{MAP}, float[1, 8, 1, 1] z", "y = Sub(x, z)", {}),
    "Mul": (f"{MAP}, float[1, 8, 6, 6] z", "y = Mul(x, z)", {}),
    "Mul by a constant": (MAP, "y = Mul(x, c)", {"c": noise(8, 1, 1)}),
    "Max": (f"{MAP}, float[1, 8, 6, 6] z", "y = Max(x, z)", {}),
    "Min": (MAP, "y = Min(x, c)", {"c": noise(8, 1, 1)}),
    "Relu": (MAP, "y = Relu(x)", {}),
    "Clip": (MAP, "y = Clip(x, low, high)", {"low": np.float32(-0.3), "high": np.float32(0.7)}),
    "LeakyRelu": (MAP, "y = LeakyRelu<alpha = 0.2>(x)", {}),
    "PRelu": (MAP, "y = PRelu(x, s)", {"s": RNG.uniform(-1, 2, (8, 1, 1)).astype(np.float32)}),
    "Sigmoid": (MAP, "y = Sigmoid(x)", {}),
    "Tanh": (MAP, "y = Tanh(x)", {}),
    "Softmax": (MAP, "y = Softmax<axis = 1>(x)", {}),
    "HardSwish": (MAP, "y = HardSwish(x)", {}),
    "MaxPool": (MAP, "y = MaxPool<kernel_shape = [2,2], strides = [2,2]>(x)", {}),
    "AveragePool": (MAP, "y = AveragePool<kernel_shape = [2,2], strides = [2,2]>(x)", {}),
    "ReduceMean": (MAP, "y = ReduceMean(x, a)", {"a": np.array([2, 3])}),
    "ReduceMax": (MAP, "y = ReduceMax(x, a)", {"a": np.array([1])}),
    "Concat": (f"{MAP}, float[1, 4, 6, 6] z", "y = Concat<axis = 1>(x, z)", {}),
    "Slice": (MAP, "y = Slice(x, s, e, a, t)", {"s": np.array([5]), "e": np.array([-7]), "a": np.array([3]), "t": np.array([-1])}),
    "Pad": (MAP, "y = Pad(x, p, v)", {"p": np.array([0, 0, 1, 2, 0, 0, 0, 1]), "v": np.float32(0)}),
    "Resize": (
        MAP,
        'y = Resize<mode = "linear", coordinate_transformation_mode = "half_pixel">(x, , , s)',
        {"s": np.array([1, 8, 12, 12])},
    ),
    "DepthToSpace": (MAP, "y = DepthToSpace<blocksize = 2>(x)", {}),
    "Transpose": (MAP, "y = Transpose<perm = [0, 2, 3, 1]>(x)", {}),
    "Reshape": (MAP, "y = Reshape(x, s)", {"s": np.array([1, 288])}),
    "Split": (MAP, "y, z = Split<axis = 1>(x, s)", {"s": np.array([3, 5])}),
    "Gather": (MAP, "y = Gather<axis = 1>(x, i)", {"i": np.array([3, 0, 7])}),
}  # fmt: skip


def both(tmp_path: Path, graph, plan) -> tuple[Path, Path]:
    """The two files of one plan."""
    paths = tmp_path / "net.qdq.onnx", tmp_path / "net.tflite"
    paths[0].write_bytes(qdq.emit(graph, precision="int8", plan=plan))
    paths[1].write_bytes(tflite.emit(graph, precision="int8", plan=plan))
    return paths


@pytest.mark.parametrize("name", CASES)
def test_an_operator_gives_the_integers_of_litert(tmp_path, name):
    """Fed LiteRT's own integers, each is within one step, by integer kernels and as it is written."""
    inputs, body, constants = CASES[name]
    outputs = "float y, float z" if body.startswith("y, z") else "float y"
    graph = graph_of(body, constants, inputs=inputs, outputs=outputs)
    files = both(tmp_path, graph, plan_of(graph))
    for fused in (True, False):
        found = compare_integers(*files, feeds_of(graph), fused=fused)
        assert found.absent == ()
        assert [each.kind for each in found.operators] == [_kind(name)] * outputs.count("float")
        assert not found.below(0.999), found.operators


def _kind(name: str) -> str:
    return "PRelu" if name == "LeakyRelu" else next(w for w in name.split() if w[0].isupper())


def test_wrong_integers_are_found_and_named(tmp_path):
    """A weight that differs, as by another rounding, is told by the operator's value."""
    graph = graph_of("c = Conv(x, w) y = Relu(c) ", {"w": noise(4, 8, 3, 3)}, inputs=MAP)
    first, second = both(tmp_path, graph, plan_of(graph))
    model = onnx.load(first)
    weights = next(t for t in model.graph.initializer if t.name == "w/int8")
    weights.CopyFrom(onnx.numpy_helper.from_array(-onnx.numpy_helper.to_array(weights), weights.name))
    onnx.save(model, first)
    found = compare_integers(first, second, feeds_of(graph))
    assert [each.value for each in found.below(0.999)] == ["y"]
    assert found.operators[0].largest > 1


def test_a_model_of_someone_else_is_refused(tmp_path):
    """Without our metadata nobody knows which integers belong together."""
    graph = graph_of("y = Relu(x)", inputs=MAP)
    (tmp_path / "net.onnx").write_bytes(graph.model)
    with pytest.raises(ModelFileError, match="no QDQ model of mobilekit"):
        compare_integers(tmp_path / "net.onnx", tmp_path / "net.tflite", [])
