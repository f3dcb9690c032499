"""What a package says about itself: ONNX names, types and shapes, and which values are where."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mobilekit.tensors import TensorSpec

KEY = "mobilekit"
"""The key among the package's user-defined metadata."""

FORMAT = "mobilekit-coreml/1"


def border_entry(spec: TensorSpec, feature: str, image: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """One input or output: its ONNX name, type and shape, the feature that carries it, as what image."""
    return {
        "name": spec.name,
        "feature": feature,
        "dtype": str(spec.dtype),
        "shape": list(spec.shape),
        "image": None if image is None else dict(image),
    }


def metadata(
    *,
    inputs: Sequence[Mapping[str, Any]],
    outputs: Sequence[Mapping[str, Any]],
    tensors: Mapping[str, str],
    islands: Sequence[str],
    precision: str,
) -> str:
    """Canonical JSON; ``tensors`` maps ONNX values to the MIL values that hold them."""
    content = {
        "format": FORMAT,
        "inputs": list(inputs),
        "outputs": list(outputs),
        "tensors": dict(tensors),
        "islands": sorted(islands),
        "precision": precision,
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
