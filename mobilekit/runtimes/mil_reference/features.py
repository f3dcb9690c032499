"""What a package says of its inputs and outputs, apart from the program: FeatureTypes.proto."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mobilekit.errors import ModelFileError
from mobilekit.runtimes.mil_reference.program import Feature

# ArrayFeatureType.ArrayDataType; a multi-array without one is read as float32.
_ELEMENTS = {65568: "fp32", 65552: "fp16", 131104: "int32", 65600: "fp64", 131080: "int8"}
_COLOURS = {10: "gray", 20: "rgb", 30: "bgr", 40: "gray16"}


def default_function(specification: Any, names: Sequence[str]) -> str:
    """The function that runs unless another is asked for. Raises ModelFileError if it is not there."""
    default = specification.description.defaultFunctionName or "main"
    if default in names:
        return str(default)
    if len(names) == 1:
        return names[0]
    message = f"the program has no function {default!r}, only {', '.join(names) or 'none'}"
    raise ModelFileError(message)


def features_of(specification: Any, function: str) -> tuple[tuple[Feature, ...], tuple[Feature, ...]]:
    """Inputs and outputs of a function, in the package's order."""
    described = specification.description
    own = next((f for f in described.functions if f.name == function), described)
    return tuple(_feature(f) for f in own.input), tuple(_feature(f) for f in own.output)


def _feature(message: Any) -> Feature:
    kind = message.type.WhichOneof("Type")
    if kind == "imageType":
        image = message.type.imageType
        colour = _COLOURS.get(image.colorSpace, "rgb")
        channels = 1 if colour.startswith("gray") else 3
        shape = (1, channels, int(image.height), int(image.width))
        return Feature(name=message.name, dtype="fp32", shape=shape, colour=colour)
    if kind == "multiArrayType":
        array = message.type.multiArrayType
        dtype = _ELEMENTS.get(array.dataType, "fp32")
        return Feature(name=message.name, dtype=dtype, shape=tuple(int(d) for d in array.shape))
    # Dictionaries and labels of classifiers: their types are the program's.
    return Feature(name=message.name, dtype=str(kind), shape=())
