"""coremltools' MLModel given to the reference evaluator as if Core ML were asked to predict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

_ELEMENT_TYPES = {65568: np.float32, 65552: np.float16, 131104: np.int32, 65600: np.float64, 131080: np.int8}
"""``ArrayFeatureType.ArrayDataType`` as the specification numbers it."""


def program(mlmodel: Any) -> Any:
    """The evaluator's program, from the specification and the weights that the model was saved with."""
    from mobilekit.runtimes.mil_reference import reader

    return reader.program_of(mlmodel.get_spec(), Path(mlmodel.weights_dir))


def predict(
    mlmodel: Any,
    inputs: Mapping[str, Any],
    state: dict[str, np.ndarray] | None = None,
) -> dict[str, Any]:
    """Outputs by their names in the specification. ``state`` is changed in place."""
    from mobilekit.runtimes.mil_reference import evaluator

    feed = {each.name: _value(each, inputs[each.name]) for each in mlmodel.get_spec().description.input}
    return evaluator.evaluate(program(mlmodel), feed, states=state)


def new_state(mlmodel: Any) -> dict[str, np.ndarray]:
    """Stands for ``MLModel.make_state``: the evaluator takes what it does not find for zeros."""
    return {}


def _value(described: Any, given: Any) -> np.ndarray:
    """A given value in the type, and where that has no shape in the rank, of the described input."""
    if described.type.WhichOneof("Type") == "imageType":
        return _pixels(described, given)
    array = described.type.multiArrayType
    value = np.asarray(given).astype(_ELEMENT_TYPES[array.dataType])
    return value if value.shape else value.reshape(tuple(array.shape))


def _pixels(described: Any, image: Any) -> np.ndarray:
    """An image as [1, channels, height, width] of 0...255, channels in the described order."""
    pixels = np.asarray(image)
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    colour = type(described.type.imageType).ColorSpace.Name(described.type.imageType.colorSpace)
    ordered = pixels[..., ::-1] if colour == "BGR" else pixels
    return ordered.transpose(2, 0, 1)[None].astype(np.float32)
