"""Graphs from ONNX text, and the check that a converted one computes the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from mobilekit.convert.tflite import emit
from mobilekit.description import ModelDescription, TensorDescription
from mobilekit.runtimes.litert import open_tflite
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import Graph, graph_from_proto
from mobilekit.tensors import Layout


def make_graph(text: str, constants: dict[str, np.ndarray] | None = None) -> Graph:
    """A legal graph from ONNX text; ``constants`` become initializers."""
    model = onnx.parser.parse_model(text)
    for name, array in (constants or {}).items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    for output in (o for o in model.graph.output if o.name not in (constants or {})):
        output.type.tensor_type.ClearField("shape")
    model = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    for node in model.graph.node:
        node.name = node.output[0]
    return graph_from_proto(model, stage="legalised")


@pytest.fixture(name="graph_of")
def _graph_of() -> Callable[..., Graph]:
    return make_graph


@pytest.fixture(name="images")
def _images() -> Callable[[Graph], ModelDescription]:
    def describe(graph: Graph) -> ModelDescription:
        image = TensorDescription(kind="image", range=(0.0, 1.0), layout=Layout.NCHW)
        return ModelDescription(
            name="test",
            inputs={s.name: image for s in graph.inputs},
            outputs={s.name: image for s in graph.outputs},
        )

    return describe


@pytest.fixture(name="agrees")
def _agrees(
    tmp_path: Path, images: Callable[[Graph], ModelDescription]
) -> Callable[..., dict[str, np.ndarray]]:
    """Convert and run; the outputs must equal ONNX Runtime's within ``tolerance`` of their range."""

    def check(graph: Graph, *, tolerance: float = 1e-5, nhwc: bool = True, **emit_options: object) -> dict:
        content = emit(
            graph, **{"precision": "fp32", "description": images(graph) if nhwc else None, **emit_options}
        )
        path = tmp_path / "net.tflite"
        path.write_bytes(content)
        random = np.random.default_rng(7)
        feed = {s.name: sample(random, s.shape, s.dtype) for s in graph.inputs}
        with open_graph(graph) as reference, open_tflite(path) as session:
            expected, got = reference.run(feed), session.run(feed)
        for name, array in expected.items():
            assert got[name].shape == array.shape
            assert got[name].dtype == array.dtype
            spread = float(np.ptp(array.astype(np.float64))) or 1.0
            np.testing.assert_allclose(got[name], array, rtol=0, atol=tolerance * spread)
        return got

    return check


def sample(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Random values of the kind that an input of that type has."""
    if dtype == "bool":
        return random.random(shape) > 0.5
    if np.dtype(dtype).kind == "i":
        return random.integers(-5, 6, shape).astype(dtype)
    return random.normal(0.0, 1.0, shape).astype(dtype)


@pytest.fixture(name="operators")
def _operators(images: Callable[[Graph], ModelDescription]) -> Callable[..., list[str]]:
    """The builtin operators of a converted graph, in order."""

    def kinds(graph: Graph, **emit_options: object) -> list[str]:
        content = emit(graph, **{"precision": "fp32", "description": images(graph), **emit_options})
        return operators_of(content)

    return kinds


def operators_of(content: bytes) -> list[str]:
    """The names of a file's operators, in order."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    names = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
    return [names[model.operatorCodes[o.opcodeIndex].builtinCode] for o in model.subgraphs[0].operators]
