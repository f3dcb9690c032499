"""Tiny models for the tests of normalise, and how they are run."""

from __future__ import annotations

import numpy as np
import onnx

from mobilekit.normalise.pipeline import Normalised, normalise
from mobilekit.normalise.verify import outputs_of
from mobilekit.source.graph import Graph, graph_from_proto


def graph_of(text: str, constants: dict[str, np.ndarray] | None = None) -> Graph:
    """A source graph from ONNX text; ``constants`` are added as initializers."""
    model = onnx.parser.parse_model(text)
    model.graph.initializer.extend(onnx.numpy_helper.from_array(v, k) for k, v in (constants or {}).items())
    return graph_from_proto(model, stage="source")


def feed_for(graph: Graph, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {s.name: rng.uniform(-1, 1, s.shape).astype(s.dtype.value) for s in graph.inputs}


def normalised(text: str, **constants: np.ndarray) -> Normalised:
    """Normalise a model given as text; outputs are compared on one random sample."""
    graph = graph_of(text, constants)
    return normalise(graph, samples=[feed_for(graph)])


def ops(result: Normalised) -> list[str]:
    """The operators of the normalised graph, in order."""
    return [n.op_type for n in result.graph.proto().graph.node]


def model(body: str, *, shape: str = "1,4,6,6", opset: int = 17, out: str | None = None) -> str:
    """ONNX text of a float model from x to y."""
    return (
        f'<ir_version: 8, opset_import: ["" : {opset}]> '
        f"g (float[{shape}] x) => (float[{out or shape}] y) {{ {body} }}"
    )


def constants_of(result: Normalised) -> dict[str, np.ndarray]:
    return {t.name: onnx.numpy_helper.to_array(t) for t in result.graph.proto().graph.initializer}


def run(graph: Graph, feed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return outputs_of(graph, [feed])[0]
