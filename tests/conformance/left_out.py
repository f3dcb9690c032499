"""Which cases are left out of the list, and why: only what no TFLite file can hold.

A rule looks at a case's model, never at what this converter can do with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from onnx import ModelProto, NodeProto, TensorProto

from tests.conformance import wheel

_SMALL_INTEGERS = {"INT4", "UINT4", "INT2", "UINT2"}
_TRAINING = {"ai.onnx.preview.training"}
_LEARNING = {"ai.onnx.ml"}
_RANDOM = {
    "Bernoulli",
    "Multinomial",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
}
_DATA_SIZED = {"NonMaxSuppression", "NonZero", "Unique"}
_FILES = {"ImageDecoder"}


def reason(name: str) -> str | None:
    """Why a case is left out; None if it belongs into the list."""
    model, node = wheel.model(name), wheel.node(name)
    return next((why for why, holds in _RULES if holds(model, node)), None)


def _mentions(types: set[str]) -> Callable[[ModelProto, NodeProto], bool]:
    return lambda model, node: not types.isdisjoint(_types(model, node))


def _types(model: ModelProto, node: NodeProto) -> Iterator[str]:
    """Names of the element types and kinds of every input, output, constant and cast of the model."""
    for value in (*model.graph.input, *model.graph.output):
        kind = value.type.WhichOneof("value")
        yield TensorProto.DataType.Name(value.type.tensor_type.elem_type) if kind == "tensor_type" else kind
    for each in (*model.graph.node, node):
        for attribute in each.attribute:
            if attribute.name in ("to", "dtype", "output_dtype"):
                yield TensorProto.DataType.Name(attribute.i)


def _float8(model: ModelProto, node: NodeProto) -> bool:
    return any(kind.startswith(("FLOAT8", "FLOAT4")) for kind in _types(model, node))


def _of_domain(domains: set[str]) -> Callable[[ModelProto, NodeProto], bool]:
    return lambda model, node: node.domain in domains


def _is_one_of(operators: set[str]) -> Callable[[ModelProto, NodeProto], bool]:
    return lambda model, node: node.op_type in operators


def _in_training(model: ModelProto, node: NodeProto) -> bool:
    if any(a.name == "training_mode" and a.i for a in node.attribute):
        return True
    return node.op_type == "Dropout" and len(node.input) == 3


_RULES: tuple[tuple[str, Callable[[ModelProto, NodeProto], bool]], ...] = (
    ("strings", _mentions({"STRING"})),
    ("sequences", _mentions({"sequence_type"})),
    ("optional values", _mentions({"optional_type"})),
    ("optional values", _is_one_of({"OptionalHasElement", "OptionalGetElement"})),
    ("bfloat16", _mentions({"BFLOAT16"})),
    ("8-bit and 4-bit floats", _float8),
    ("4-bit and 2-bit integers", _mentions(_SMALL_INTEGERS)),
    ("optimisers of training (domain ai.onnx.preview.training)", _of_domain(_TRAINING)),
    ("training mode", _in_training),
    ("random numbers", _is_one_of(_RANDOM)),
    ("an output whose shape depends on the data", _is_one_of(_DATA_SIZED)),
    ("decoding of image files, an output whose shape depends on the data", _is_one_of(_FILES)),
    (
        "tables and trees of classical learning (domain ai.onnx.ml), not ONNX's own domain",
        _of_domain(_LEARNING),
    ),
)
