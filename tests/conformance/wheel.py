"""The backend node cases of the onnx wheel: their models, and the values that they are tested with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto

from tests.conformance.operands import data_inputs

_EXPANDED = "_expanded"


def folder() -> Path:
    """Where the installed wheel has its cases."""
    return Path(onnx.__file__).parent / "backend" / "test" / "data" / "node"


def names() -> list[str]:
    """Every case of the wheel, sorted."""
    return sorted(path.name for path in folder().iterdir() if (path / "model.onnx").is_file())


@cache
def model(name: str) -> ModelProto:
    """A case's model as shipped. Not to be changed."""
    return onnx.load(folder() / name / "model.onnx")


def base(name: str) -> str:
    """The case whose operator ``name`` writes out as the body of its function; else ``name`` itself."""
    plain = name.partition(_EXPANDED)[0]
    return plain if plain != name and (folder() / plain).is_dir() else name


def node(name: str) -> NodeProto:
    """The one node that the case (or the case that it writes out) is about."""
    (found,) = model(base(name)).graph.node
    return found


def operator(name: str) -> str:
    """The operator that a case is about."""
    return node(name).op_type


@dataclass(frozen=True, kw_only=True)
class Case:
    """A case as it is run. ``frozen`` are inputs that become constants; ``feed`` and ``expected`` by name."""

    name: str
    operator: str
    model: ModelProto
    feed: dict[str, np.ndarray]
    expected: dict[str, np.ndarray]


def load(name: str) -> Case:
    """A case with every input but the data frozen to its test value."""
    shipped = model(name)
    values = _values(name, "input", [value.name for value in shipped.graph.input])
    data = _data_names(name)
    return Case(
        name=name,
        operator=operator(name),
        model=_frozen(shipped, {key: tensor for key, tensor in values.items() if key not in data}),
        feed={key: onnx.numpy_helper.to_array(values[key]) for key in values if key in data},
        expected={
            key: onnx.numpy_helper.to_array(tensor)
            for key, tensor in _values(name, "output", [v.name for v in shipped.graph.output]).items()
        },
    )


def _data_names(name: str) -> set[str]:
    """Names of the inputs that stay inputs. A written-out case has those of its operator, in order."""
    inputs = list(node(name).input)
    data = {inputs[i] for i in data_inputs(operator(name), len(inputs)) if inputs[i]}
    plain = [v.name for v in model(base(name)).graph.input]
    own = [v.name for v in model(name).graph.input]
    return {o for o, p in zip(own, plain, strict=True) if p in data}


def _values(name: str, kind: str, keys: list[str]) -> dict[str, onnx.TensorProto]:
    found = {}
    for index, key in enumerate(keys):
        content = (folder() / name / "test_data_set_0" / f"{kind}_{index}.pb").read_bytes()
        found[key] = onnx.TensorProto.FromString(content)
    return found


def _frozen(shipped: ModelProto, constants: dict[str, onnx.TensorProto]) -> ModelProto:
    changed = ModelProto()
    changed.CopyFrom(shipped)
    kept = [value for value in shipped.graph.input if value.name not in constants]
    del changed.graph.input[:]
    changed.graph.input.extend(kept)
    for key, tensor in constants.items():
        constant = onnx.TensorProto()
        constant.CopyFrom(tensor)
        constant.name = key
        changed.graph.initializer.append(constant)
    return changed
