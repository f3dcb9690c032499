"""What a Core ML package says of itself: its features, its operators, its version."""

from __future__ import annotations

import importlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mobilekit.errors import UnsoundArtifactError
from mobilekit.libraries import coremltools

_MODEL = "Data/com.apple.CoreML/model.mlmodel"
_METADATA = "mobilekit"
_MOST_RANK = 5
_FREE = frozenset({"const"})
_TYPES = {65552: "float16", 65568: "float32", 65600: "float64", 131104: "int32"}
"""ArrayFeatureType.ArrayDataType of CoreML.proto, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """An input or output of the package: a multi-array, or an image of ``color`` (RGB, BGR, GRAYSCALE).

    ``onnx`` is its entry in the package's metadata: name, dtype and shape of the model's own tensor.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    color: str | None
    onnx: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFacts:
    """``operators`` counts MIL operators that compute, ``opset`` is the Core ML version ("iOS17")."""

    opset: str
    precision: str
    islands: tuple[str, ...]
    inputs: tuple[Feature, ...]
    outputs: tuple[Feature, ...]
    operators: Mapping[str, int]


def facts_of(path: Path) -> PackageFacts:
    """Read a package that we wrote. Raises UnsoundArtifactError if it is damaged or breaks what must hold."""
    coremltools()
    proto = importlib.import_module("coremltools.proto.Model_pb2")
    try:
        spec = proto.Model.FromString((path / _MODEL).read_bytes())
        said = json.loads(spec.description.metadata.userDefined[_METADATA])
        function = spec.mlProgram.functions["main"]
        opset = function.opset.removeprefix("CoreML")
        block = function.block_specializations[function.opset]
        found = PackageFacts(
            opset=_ios(opset),
            precision=said["precision"],
            islands=tuple(said["islands"]),
            inputs=_features(spec.description.input, said["inputs"]),
            outputs=_features(spec.description.output, said["outputs"]),
            operators=_operators(block),
        )
    except (OSError, ValueError, LookupError, TypeError) as error:
        message = f"{path} is no package that mobilekit wrote: {error}"
        raise UnsoundArtifactError(message) from error
    _check_ranks(path, block)
    return found


def _ios(version: str) -> str:
    """The opset of a function: CoreML5 came with iOS 15."""
    return f"iOS{int(version) + 10}"


def _features(described: Any, said: Any) -> tuple[Feature, ...]:
    entries = {entry["feature"]: entry for entry in said}
    return tuple(_feature(each, entries[each.name]) for each in described)


def _feature(described: Any, onnx: Mapping[str, Any]) -> Feature:
    kind = described.type
    if kind.WhichOneof("Type") == "imageType":
        image = kind.imageType
        color = image.DESCRIPTOR.enum_types_by_name["ColorSpace"].values_by_number[image.colorSpace].name
        channels = 1 if color == "GRAYSCALE" else 3
        shape = (1, channels, int(image.height), int(image.width))
        return Feature(name=described.name, dtype="uint8", shape=shape, color=color, onnx=onnx)
    array = kind.multiArrayType
    return Feature(
        name=described.name,
        dtype=_TYPES[array.dataType],
        shape=tuple(int(size) for size in array.shape),
        color=None,
        onnx=onnx,
    )


def _operators(block: Any) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for operation in block.operations:
        if operation.type not in _FREE:
            counted[operation.type] += 1
        for inner in operation.blocks:
            counted.update(_operators(inner))
    return {name: counted[name] for name in sorted(counted)}


def _check_ranks(path: Path, block: Any) -> None:
    """Core ML has five axes at most, and what has none fixed leaves the Neural Engine."""
    for operation in block.operations:
        for output in operation.outputs:
            kind = output.type
            if kind.WhichOneof("type") != "tensorType":
                continue
            tensor = kind.tensorType
            if tensor.rank > _MOST_RANK:
                message = f"{path}: {output.name} has rank {tensor.rank}, Core ML has {_MOST_RANK} at most"
                raise UnsoundArtifactError(message, hint="this is a bug in mobilekit: please report it")
            if any(d.WhichOneof("dimension") != "constant" for d in tensor.dimensions):
                message = f"{path}: {output.name} has a shape that is not fixed"
                raise UnsoundArtifactError(message, hint="this is a bug in mobilekit: please report it")
