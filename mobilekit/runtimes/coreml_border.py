"""Between ONNX values and an .mlpackage's features: names, types, shapes, pixels.

Packages of ours say in their metadata (key ``mobilekit``, canonical JSON, format ``mobilekit-coreml/1``)
which ONNX tensor each feature carries; of any other package names, types and shapes are taken as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.errors import InputDataError, ModelFileError, UnsoundArtifactError, UnsupportedOperatorError
from mobilekit.runtimes.feeds import DYNAMIC
from mobilekit.runtimes.mil_reference.program import Feature, Program
from mobilekit.runtimes.mil_reference.types import STORED, TensorType, ValueType
from mobilekit.tensors import DType, TensorSpec

if TYPE_CHECKING:
    from mobilekit.tensors import Array

KEY = "mobilekit"
FORMAT = "mobilekit-coreml/1"

MOST_RANK = 5
"""A value of more axes travels as a vector."""

_HALF = 0.5
_WHITE = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Pixels:
    """A feature that is an image: value = pixel × ``scale`` + ``bias`` along the channels, pixels NCHW."""

    scale: tuple[float, ...]
    bias: tuple[float, ...]
    channels_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """An ONNX input or output and the feature that carries it; ``pixels`` where we know it as an image.

    ``dtype`` and ``shape`` are the feature's own; ``colour`` is that of its pixel buffer, if it has one.
    """

    spec: TensorSpec
    feature: str
    dtype: str
    shape: tuple[int, ...]
    colour: str | None
    pixels: Pixels | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Border:
    """Inputs and outputs in the ONNX model's order, and the MIL names of other ONNX values."""

    inputs: tuple[Carrier, ...]
    outputs: tuple[Carrier, ...]
    tensors: Mapping[str, str]


def read_border(program: Program, *, where: Path, values: Mapping[str, ValueType]) -> Border:
    """What a package says of its border; ``values`` are the types of every value of its program.

    Raises ModelFileError if the metadata does not fit the program, UnsupportedOperatorError for features
    that are not tensors.
    """
    text = program.metadata.get(KEY)
    if text is None:
        ins, outs = (
            tuple(_foreign(f, values, where) for f in side) for side in (program.inputs, program.outputs)
        )
        return Border(inputs=ins, outputs=outs, tensors={name: name for name in values})
    try:
        content = json.loads(text)
        if content["format"] != FORMAT:
            message = f"{where}: metadata of format {content['format']!r}, expected {FORMAT!r}"
            raise ModelFileError(message, hint="convert the ONNX model again with this version")
        ins = tuple(_own(e, program.inputs, values, where) for e in content["inputs"])
        outs = tuple(_own(e, program.outputs, values, where) for e in content["outputs"])
        tensors = {str(name): str(mil) for name, mil in content["tensors"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{where}: the metadata {KEY!r} is damaged: {error!r}"
        raise ModelFileError(message, hint="convert the ONNX model again") from error
    return Border(inputs=ins, outputs=outs, tensors={k: v for k, v in tensors.items() if v in values})


def to_feature(value: Array, carrier: Carrier, *, where: str) -> Array:
    """An ONNX value as the feature takes it: pixels as float32 0…255 where it is an image.

    Raises InputDataError for numbers that the feature's type, or a pixel, cannot hold.
    """
    if carrier.pixels is not None:
        return _pixels(value, carrier, carrier.pixels, where)
    wanted = np.dtype(STORED[carrier.dtype])
    carried = value.astype(wanted)
    if wanted.kind in "iu" and not np.array_equal(carried, value):
        message = f"{where}: input {carrier.spec.name!r}: {value.min()} to {value.max()} do not fit {wanted}"
        raise InputDataError(message, hint=f"Core ML carries {value.dtype} as {wanted}")
    if (not carried.shape and carrier.shape == (1,)) or carried.ndim > MOST_RANK:
        return carried.reshape(carrier.shape)
    return carried


def from_feature(value: Any, carrier: Carrier, *, where: str) -> Array:
    """What the feature gives as the ONNX output. Raises UnsoundArtifactError if it has another shape."""
    array = np.asarray(value)
    if carrier.pixels is not None:
        array = _values(array, carrier.pixels)
    shape = carrier.spec.shape
    if (not shape and array.shape == (1,)) or (len(shape) > MOST_RANK and array.size == prod(shape)):
        array = array.reshape(shape)
    if len(shape) != array.ndim or any(
        d not in (DYNAMIC, s) for s, d in zip(array.shape, shape, strict=True)
    ):
        message = (
            f"{where}: output {carrier.spec.name!r}: got shape {list(array.shape)}, expected {list(shape)}"
        )
        raise UnsoundArtifactError(message)
    return array.astype(np.dtype(carrier.spec.dtype.value), copy=False)


_BEYOND = "pixels are 0 to 255: is the declared range the model's, the data (--input, samples) a picture's?"


def _pixels(value: Array, carrier: Carrier, pixels: Pixels, where: str) -> Array:
    nchw = value.transpose(0, 3, 1, 2) if pixels.channels_last else value
    scale, bias = (np.asarray(v, np.float64).reshape(1, -1, 1, 1) for v in (pixels.scale, pixels.bias))
    exact = (nchw - bias) / scale
    if exact.size and not (exact.min() >= -_HALF and exact.max() <= _WHITE + _HALF):
        low, high = float(exact.min()), float(exact.max())
        message = (
            f"{where}: input {carrier.spec.name!r} is an image: its values are pixels {low:g} to {high:g}"
        )
        raise InputDataError(message, hint=_BEYOND)
    return np.clip(np.rint(exact), 0, _WHITE).astype(np.float32)


def _values(array: Array, pixels: Pixels) -> Array:
    scale, bias = (np.asarray(v, np.float64).reshape(1, -1, 1, 1) for v in (pixels.scale, pixels.bias))
    values = np.clip(np.rint(array.astype(np.float64)), 0, _WHITE) * scale + bias
    return values.transpose(0, 2, 3, 1) if pixels.channels_last else values


def _own(
    entry: Mapping[str, Any], features: tuple[Feature, ...], values: Mapping[str, ValueType], where: Path
) -> Carrier:
    name = str(entry["feature"])
    feature = next((f for f in features if f.name == name), None)
    if feature is None:
        message = f"{where}: the metadata names a feature {name!r} that the package does not have"
        raise ModelFileError(message, hint="the package was changed after mobilekit wrote it")
    spec = TensorSpec(
        name=str(entry["name"]), dtype=DType(entry["dtype"]), shape=tuple(int(d) for d in entry["shape"])
    )
    dtype, shape = _declared(feature, values, where)
    image = entry["image"]
    pixels = None if image is None else _image(image, channels=shape[1])
    held = spec.shape if len(spec.shape) <= MOST_RANK else (prod(spec.shape),)
    expected = 1 if pixels is not None else held or (1,)
    if pixels is None and shape != expected:
        message = f"{where}: feature {name!r} has shape {list(shape)}, its metadata {list(spec.shape)}"
        raise ModelFileError(message, hint="the package was changed after mobilekit wrote it")
    return Carrier(spec=spec, feature=name, dtype=dtype, shape=shape, colour=feature.colour, pixels=pixels)


def _image(image: Mapping[str, Any], *, channels: int) -> Pixels:
    scale, bias = (np.broadcast_to(np.asarray(image[k], np.float64), (channels,)) for k in ("scale", "bias"))
    last = str(image.get("layout", "nchw")) == "nhwc"
    return Pixels(scale=tuple(scale.tolist()), bias=tuple(bias.tolist()), channels_last=last)


def _foreign(feature: Feature, values: Mapping[str, ValueType], where: Path) -> Carrier:
    dtype, shape = _declared(feature, values, where)
    numpy = np.dtype(STORED[dtype]).name
    spec = TensorSpec(name=feature.name, dtype=DType(numpy), shape=shape)
    return Carrier(spec=spec, feature=feature.name, dtype=dtype, shape=shape, colour=feature.colour)


def _declared(feature: Feature, values: Mapping[str, ValueType], where: Path) -> tuple[str, tuple[int, ...]]:
    """Element type and shape by the program: descriptions may leave them out, or round them."""
    declared = values.get(feature.name)
    if not isinstance(declared, TensorType) or declared.dtype == "string":
        message = f"{where}: {feature.name!r} is a {feature.dtype}, not a tensor"
        raise UnsupportedOperatorError(message, hint="classifiers' labels and probabilities are not read")
    shape = feature.shape if declared.shape is None else declared.shape
    return declared.dtype, tuple(DYNAMIC if d is None else d for d in shape)
