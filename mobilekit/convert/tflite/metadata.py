"""What a file of ours says about itself: how its tensors map to the ONNX model's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mobilekit.tensors import TensorSpec

ENTRY = "mobilekit"
FORMAT = "mobilekit-tflite/1"


def border_entry(spec: TensorSpec, permutation: Sequence[int]) -> dict[str, Any]:
    """The entry of one input or output: ONNX name, dtype and shape, and the file's axis order."""
    return {
        "name": spec.name,
        "dtype": str(spec.dtype),
        "shape": list(spec.shape),
        "permutation": list(permutation),
    }


def metadata(
    *,
    inputs: Sequence[Mapping[str, Any]],
    outputs: Sequence[Mapping[str, Any]],
    tensors: Mapping[str, Mapping[str, Any]],
    channels: Sequence[Sequence[float]] = (),
) -> dict[str, bytes]:
    """The metadata buffers of a file, by name: canonical JSON.

    ``channels`` are numbers per channel that entries of ``tensors`` name by their place.
    """
    content: dict[str, Any] = {"format": FORMAT, "inputs": list(inputs), "outputs": list(outputs)}
    content["tensors"] = tensors
    if channels:
        content["channels"] = [list(each) for each in channels]
    return {ENTRY: json.dumps(content, sort_keys=True, separators=(",", ":")).encode()}
