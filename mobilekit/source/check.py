"""What must hold of a model before anything is done with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.errors import InvalidWeightsError, ModelError, ModelFileError, UnknownOpsetError
from mobilekit.tensors import DType

if TYPE_CHECKING:
    import onnx

MINIMUM_OPSET = 7
MAXIMUM_OPSET = 25
KNOWN_MICROSOFT_OPERATORS = frozenset({"Gelu", "QuickGelu", "SkipLayerNormalization"})
"""Operators of ONNX Runtime's own domain that normalise rewrites exactly."""
ORT_ONLY_OPERATORS = frozenset({"SimplifiedLayerNormalization"})
"""Operators that ONNX Runtime has in the domain of ONNX, without ONNX having them."""
_DEFAULT_DOMAINS = frozenset({"", "ai.onnx"})
_WEIGHTED = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul", "BatchNormalization"})


def check_opsets(model: onnx.ModelProto, *, where: str) -> None:
    """Opset 7 to 25 of ONNX, and only operators whose meaning is known. Raises UnknownOpsetError."""
    versions = {o.version for o in model.opset_import if o.domain in _DEFAULT_DOMAINS}
    if not versions:
        message = f"{where}: the model imports no opset of the domain ai.onnx"
        raise UnknownOpsetError(message, hint="mobilekit reads models in ONNX operators; export it again")
    for version in sorted(versions):
        if not MINIMUM_OPSET <= version <= MAXIMUM_OPSET:
            message = f"{where}: opset {version}, expected {MINIMUM_OPSET} to {MAXIMUM_OPSET}"
            raise UnknownOpsetError(message, hint="export the model again, with opset_version=17 for example")
    unknown = list(unknown_operators(model))
    if unknown:
        lines = [reason for _, reason in unknown]
        shown = lines[0] if len(lines) == 1 else "".join(f"\n  {line}" for line in lines)
        message = f"{where}: {shown}"
        raise UnknownOpsetError(message, hint=_hint_of(unknown[0][0]))


def unknown_operators(model: onnx.ModelProto) -> Iterator[tuple[onnx.NodeProto, str]]:
    """The nodes whose meaning nobody knows, those of subgraphs and functions too, each with the reason."""
    opset = max((o.version for o in model.opset_import if is_default_domain(o.domain)), default=0)
    local = {(f.domain, f.name) for f in model.functions}
    for node in _all_nodes(model):
        reason = None if (node.domain, node.op_type) in local else _unknown(node, opset)
        if reason:
            yield node, reason


def is_default_domain(domain: str) -> bool:
    """Whether this is the domain of ONNX itself."""
    return domain in _DEFAULT_DOMAINS


def _unknown(node: onnx.NodeProto, opset: int) -> str:
    """Why nobody knows what ``node`` computes; empty where it is known."""
    named = f"node {node.name or (node.output[0] if node.output else '?')}"
    if not is_default_domain(node.domain):
        if node.domain == "com.microsoft" and node.op_type in KNOWN_MICROSOFT_OPERATORS:
            return ""
        what = f"unknown operator {node.domain}::{node.op_type}, {named}"
        return f"{what}; write it in operators of ONNX's own domain"
    if node.op_type in ORT_ONLY_OPERATORS or _has_schema(node.op_type, opset):
        return ""
    return f"opset {opset} of ONNX has no operator {node.op_type}, {named}"


def _has_schema(op_type: str, opset: int) -> bool:
    import onnx

    try:
        onnx.defs.get_schema(op_type, opset, "")
    except onnx.defs.SchemaError:
        return False
    return True


def _hint_of(node: onnx.NodeProto) -> str:
    if is_default_domain(node.domain):
        return "the file is damaged, or its opset_import is wrong"
    return "export the model with operators of ONNX's own domain only"


def _all_nodes(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    yield from _nodes(model.graph.node)
    for function in model.functions:
        yield from _nodes(function.node)


def _nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    for node in nodes:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _nodes(attribute.g.node)


def check_structure(model: onnx.ModelProto, *, where: str) -> None:
    """Every value is defined once, before its use. Raises ModelFileError naming the node."""
    graph = model.graph
    defined = {t.name for t in graph.initializer} | {v.name for v in graph.input} | {""}
    for node in graph.node:
        named = f"{node.op_type}, node {node.name or (node.output[0] if node.output else '?')}"
        for name in node.input:
            if name not in defined:
                message = f"{where}: {named} reads {name!r}, which nothing before it computes"
                raise ModelFileError(message, hint="the file is damaged, or its nodes are out of order")
        for name in node.output:
            if name and name in defined:
                message = f"{where}: {named} defines {name!r} a second time"
                raise ModelFileError(message, hint="the file is damaged; export the model again")
            defined.add(name)
    for value in graph.output:
        if value.name not in defined:
            message = f"{where}: nothing computes the output {value.name!r}"
            raise ModelFileError(message, hint="the file is truncated or damaged; export the model again")


def check_border(model: onnx.ModelProto, *, where: str) -> None:
    """Inputs and outputs are tensors of numbers or booleans. Raises ModelError."""
    import onnx

    for value in (*model.graph.input, *model.graph.output):
        if value.type.WhichOneof("value") not in ("tensor_type", None):
            message = f"{where}: {value.name!r} is a {value.type.WhichOneof('value')}, expected a tensor"
            raise ModelError(message, hint="cut the model before or after that value")
        element = value.type.tensor_type.elem_type
        names = {int(onnx.helper.np_dtype_to_tensor_dtype(np.dtype(d.value))) for d in DType}
        if element and element not in names:
            kind = onnx.TensorProto.DataType.Name(element)
            message = f"{where}: {value.name!r} has elements of type {kind}"
            raise ModelError(message, hint="inputs and outputs must be tensors of numbers or booleans")


def check_weights(model: onnx.ModelProto, *, where: str) -> None:
    """No NaN in any constant that is used, no infinity in the weights of a layer.

    Infinities elsewhere are legitimate: masks are made of them. Raises InvalidWeightsError naming the tensor.
    """
    used = {name for node in _nodes(model.graph.node) for name in node.input}
    weights = {
        name for node in model.graph.node if node.op_type in _WEIGHTED for name in node.input[1:] if name
    }
    for name, tensor in _constants(model).items():
        if name not in used:
            continue
        values = _float_values(tensor)
        if values is None or np.isfinite(values).all():
            continue
        nans, infinities = int(np.isnan(values).sum()), int(np.isinf(values).sum())
        if nans or name in weights:
            what = f"{nans} NaN" if nans else f"{infinities} infinite"
            message = f"{where}: {what} of {values.size} values in tensor {name!r}"
            raise InvalidWeightsError(message, hint="the training diverged, or the export went wrong")


def _constants(model: onnx.ModelProto) -> Mapping[str, onnx.TensorProto]:
    found = {t.name: t for t in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.domain in _DEFAULT_DOMAINS:
            for attribute in node.attribute:
                if attribute.name == "value":
                    found[node.output[0]] = attribute.t
    return found


def _float_values(tensor: onnx.TensorProto) -> np.typing.NDArray[np.floating] | None:
    import onnx

    kinds = {onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16}
    if tensor.data_type == onnx.TensorProto.BFLOAT16:
        return onnx.numpy_helper.to_array(tensor).astype(np.float32)
    return onnx.numpy_helper.to_array(tensor) if tensor.data_type in kinds else None
