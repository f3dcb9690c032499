"""Small graphs written as packages, evaluated by the reference evaluator and by ONNX Runtime."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import onnx.parser
import onnx.shape_inference
import pytest

from mobilekit.convert.coreml.api import emit
from mobilekit.convert.coreml.emitter import Opset, Precision, held_shape
from mobilekit.convert.coreml.metadata import KEY
from mobilekit.errors import UnsupportedOperatorError
from mobilekit.runtimes.mil_reference.evaluator import evaluate
from mobilekit.runtimes.mil_reference.program import Program
from mobilekit.runtimes.mil_reference.reader import read_package
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import Graph, graph_from_proto

if TYPE_CHECKING:
    from mobilekit.tensors import Array

OPSETS: tuple[Opset, ...] = get_args(Opset)
TOLERANCE: Mapping[Precision, float] = {"fp32": 1e-5, "fp16": 4e-3}
"""Relative to the larger of 1 and the number itself."""


def graph_of(text: str, opset: int = 21) -> Graph:
    """A legalised graph from ``g (inputs) => (outputs) { … }``."""
    header = f'<ir_version: 10, opset_import: ["" : {opset}]>\n'
    parsed = onnx.parser.parse_model(text if text.startswith("<") else header + text)
    model = onnx.shape_inference.infer_shapes(parsed, strict_mode=True)
    return graph_from_proto(model, stage="legalised")


def evaluated(folder: Path, feed: Mapping[str, Array]) -> dict[str, Array]:
    """Outputs by ONNX name and of ONNX type, of a feed by ONNX name."""
    program = read_package(folder)
    said = json.loads(program.metadata[KEY])
    given = {entry["feature"]: _carried(feed[entry["name"]]) for entry in said["inputs"]}
    found = evaluate(program, given)
    return {
        entry["name"]: np.asarray(found[entry["feature"]]).reshape(entry["shape"]).astype(entry["dtype"])
        for entry in said["outputs"]
    }


def _carried(value: Array) -> Array:
    wanted = np.float32 if value.dtype.kind == "f" else np.int32
    return value.astype(wanted).reshape(held_shape(value.shape) or (1,))


def kinds(folder: Path) -> list[str]:
    """The operators of a package, but its constants, in order."""
    return [operation.type for operation in operations(read_package(folder)) if operation.type != "const"]


def operations(program: Program) -> tuple[Any, ...]:
    """Every operator of a program, in order."""
    return program.functions[program.default].block.operations


def check(
    graph: Graph, feed: Mapping[str, Array], folder: Path, *, precision: Precision, opset: Opset = "iOS17"
) -> None:
    """The package's outputs are ONNX Runtime's. Floats of ``feed`` should be numbers of float16."""
    emit(graph, folder / "m.mlpackage", precision=precision, opset=opset)
    found = evaluated(folder / "m.mlpackage", feed)
    wanted = open_graph(graph, optimise=False).run(feed)
    for name, expected in wanted.items():
        assert found[name].dtype == expected.dtype, name
        assert found[name].shape == expected.shape, name
        if expected.dtype.kind == "f":
            tolerance = TOLERANCE[precision]
            np.testing.assert_allclose(
                found[name], expected, atol=tolerance, rtol=tolerance, equal_nan=True, err_msg=name
            )
        else:
            np.testing.assert_array_equal(found[name], expected, err_msg=name)


def refusal(graph: Graph, folder: Path, *, opset: Opset = "iOS17") -> str:
    """Why the graph's one bad node is refused."""
    with pytest.raises(UnsupportedOperatorError) as error:
        emit(graph, folder / "m.mlpackage", precision="fp32", opset=opset)
    assert not (folder / "m.mlpackage").exists()
    return str(error.value)
