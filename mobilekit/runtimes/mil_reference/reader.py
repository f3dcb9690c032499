"""Saved packages into :class:`Program` values: the specification's protobuf and the weight file.

Source: MIL.proto and Model.proto of coremltools' mlmodel; only the classes generated from them are used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mobilekit.errors import MissingToolError, ModelFileError
from mobilekit.libraries import coremltools
from mobilekit.runtimes.mil_reference.features import default_function, features_of
from mobilekit.runtimes.mil_reference.program import (
    OPSETS,
    Binding,
    Block,
    Constant,
    Function,
    Operation,
    Program,
)
from mobilekit.runtimes.mil_reference.values import Values, type_of

_SPECIFICATION = Path("Data/com.apple.CoreML/model.mlmodel")


def read_package(path: Path) -> Program:
    """Read a saved .mlpackage folder.

    Raises ModelFileError if it is missing, damaged, or not an ML program.
    """
    from google.protobuf.message import DecodeError

    model = _model_file(path)
    specification = _model_class()()
    try:
        specification.ParseFromString(model.read_bytes())
    except (OSError, DecodeError) as error:
        message = f"{model}: not a Core ML specification: {error}"
        raise ModelFileError(message, hint="the package is damaged; convert again") from error
    return program_of(specification, model.parent / "weights")


def program_of(specification: Any, weights_dir: Path) -> Program:
    """The program of a ``Model`` message, its large constants mapped from the folder ``weights_dir``.

    Raises ModelFileError for a model that is not an ML program, or constants that cannot be read.
    """
    kind = specification.WhichOneof("Type")
    if kind != "mlProgram":
        message = f"a Core ML model of type {kind or 'none'}, expected mlProgram"
        raise ModelFileError(message, hint="convert it to an ML program (iOS 15 or later)")
    values = Values(weights_dir=weights_dir)
    functions = {name: _function(name, f, values) for name, f in specification.mlProgram.functions.items()}
    default = default_function(specification, sorted(functions))
    inputs, outputs = features_of(specification, default)
    return Program(
        functions=functions,
        default=default,
        inputs=inputs,
        outputs=outputs,
        metadata=dict(specification.description.metadata.userDefined),
    )


def _model_file(path: Path) -> Path:
    """The specification's file: what Manifest.json calls the root model, else where it usually is."""
    manifest = path / "Manifest.json"
    if not path.is_dir() or not manifest.is_file():
        message = f"{path}: not a .mlpackage folder"
        raise ModelFileError(message, hint="a package is a folder with a Manifest.json; copy all of it")
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
        entry = content["itemInfoEntries"][content["rootModelIdentifier"]]["path"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{manifest}: no root model: {error!r}"
        raise ModelFileError(message, hint="the package is damaged; convert again") from error
    found = (path / "Data" / str(entry)).resolve()
    if not found.is_relative_to(path.resolve()):
        message = f"{manifest}: the root model {entry!r} lies outside the package"
        raise ModelFileError(message)
    return found if found.is_file() else path / _SPECIFICATION


def _model_class() -> Any:
    coremltools()
    try:
        from coremltools.proto import Model_pb2
    except ImportError as error:
        message = f"coremltools has no protobuf classes: {error}"
        raise MissingToolError(message, hint="pip install coremltools") from error
    return Model_pb2.Model


def _function(name: str, function: Any, values: Values) -> Function:
    opset = OPSETS.get(function.opset)
    if opset is None or function.opset not in function.block_specializations:
        known = ", ".join(sorted(OPSETS))
        message = f"function {name!r}: opset {function.opset!r}, expected one of {known}"
        raise ModelFileError(message, hint="this version reads programs for iOS 15 to iOS 18")
    return Function(
        name=name,
        inputs=tuple((i.name, type_of(i.type)) for i in function.inputs),
        opset=opset,
        block=_block(function.block_specializations[function.opset], values),
    )


def _block(block: Any, values: Values) -> Block:
    return Block(
        inputs=tuple((i.name, type_of(i.type)) for i in block.inputs),
        operations=tuple(_operation(operation, values) for operation in block.operations),
        outputs=tuple(block.outputs),
    )


def _operation(operation: Any, values: Values) -> Operation:
    return Operation(
        type=operation.type,
        inputs=_inputs(operation, values),
        attributes={
            key: Constant(value=values.of(attribute))
            for key, attribute in operation.attributes.items()
            if key != "name"
        },
        outputs=tuple((o.name, type_of(o.type)) for o in operation.outputs),
        blocks=tuple(_block(block, values) for block in operation.blocks),
    )


def _inputs(operation: Any, values: Values) -> Mapping[str, tuple[Binding, ...]]:
    return {
        key: tuple(_binding(binding, values) for binding in argument.arguments)
        for key, argument in operation.inputs.items()
    }


def _binding(binding: Any, values: Values) -> Binding:
    if binding.WhichOneof("binding") == "name":
        return str(binding.name)
    return Constant(value=values.of(binding.value))
