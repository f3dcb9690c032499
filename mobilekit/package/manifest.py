"""``manifest.json``: what an app must know of its model file. Nothing measured is in it.

The JSON Schema lies beside this module: ``schema/manifest.schema.json``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.description import TensorDescription
from mobilekit.package.crop import with_crops

if TYPE_CHECKING:
    from mobilekit.description import ModelDescription
    from mobilekit.package.npu_variant import NpuVariant
    from mobilekit.package.scheme import Scheme
    from mobilekit.package.tflite_facts import FileFacts, FileTensor
    from mobilekit.runtimes.tflite_file import TfliteBorder, TfliteTensor
    from mobilekit.tier import Precision, Tier

FORMAT = "mobilekit-manifest/1"
SCHEMA_FOLDER = Path(__file__).with_name("schema")
MODEL_FILE = "model.tflite"
_CHANNELS_LAST = (0, 2, 3, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a variant was made from; digests are SHA-256, None where there was no such thing."""

    model_digest: str
    calibration_digest: str | None
    calibration_samples: int
    plan_digest: str | None
    tools: Mapping[str, str]
    converter: str = "mobilekit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a tier's manifest says of its file, beside what the file says itself.

    ``variants`` are the same file compiled for single chips.
    """

    description: ModelDescription
    target: str
    tier: Tier
    precision: Precision
    scheme: Scheme
    origin: Origin
    variants: tuple[NpuVariant, ...] = ()


def common(published: Published) -> dict[str, Any]:
    """What the manifests of all formats have, as JSON values."""
    said, tier, scheme, origin = published.description, published.tier, published.scheme, published.origin
    return {
        "format": FORMAT,
        "name": said.name,
        "version": said.version,
        "target": published.target,
        "tier": tier.name,
        "accelerators": list(tier.accelerators),
        "precision": published.precision,
        "scheme": scheme.name,
        "int8_share": scheme.int8_share,
        "int16_share": scheme.int16_share,
        "source": {"sha256": origin.model_digest, "converter": origin.converter},
        "calibration": _calibration(origin),
        "plan": {"sha256": origin.plan_digest} if origin.plan_digest else None,
        "tools": dict(sorted(origin.tools.items())),
    }


def manifest(
    published: Published, *, border: TfliteBorder, facts: FileFacts, file_digest: str, file_bytes: int
) -> dict[str, Any]:
    """The manifest of one tier's .tflite file as JSON values."""
    inputs = zip(border.inputs, facts.inputs, strict=True)
    outputs = zip(border.outputs, facts.outputs, strict=True)
    said, variants = published.description, published.variants
    return {
        **common(published),
        "model": {"file": MODEL_FILE, "format": "tflite", "sha256": file_digest, "size_bytes": file_bytes},
        **({"variants": [variant.to_manifest() for variant in variants]} if variants else {}),
        "inputs": with_crops([_tensor(t, facts.tensors[i], said.inputs) for t, i in inputs], said),
        "outputs": [_tensor(t, facts.tensors[i], said.outputs) for t, i in outputs],
    }


def _calibration(origin: Origin) -> dict[str, Any] | None:
    if origin.calibration_digest is None:
        return None
    return {"sha256": origin.calibration_digest, "samples": origin.calibration_samples}


def _tensor(
    tensor: TfliteTensor, stored: FileTensor, described: Mapping[str, TensorDescription]
) -> dict[str, Any]:
    """One input or output: as the file stores it, as ONNX names it, and what its values mean."""
    said = described.get(tensor.spec.name, TensorDescription())
    scale = stored.quantisation
    return {
        "name": tensor.spec.name,
        "kind": said.kind,
        "dtype": stored.dtype,
        "shape": list(stored.shape),
        "layout": _layout(said, tensor),
        "onnx": {"dtype": tensor.spec.dtype.value, "shape": list(tensor.spec.shape)},
        "permutation": list(tensor.permutation),
        "image": image_of(said) if said.kind == "image" else None,
        "quantisation": {"scale": scale.scale, "zero_point": scale.zero_point} if scale else None,
    }


def _layout(said: TensorDescription, tensor: TfliteTensor) -> str | None:
    """Where the file has an image's channels; None for what is not an image."""
    if said.kind != "image" or len(tensor.spec.shape) != 4:
        return None
    onnx_layout = said.layout_of(tensor.spec.shape)
    if onnx_layout is None:
        return None
    return "nhwc" if tensor.permutation == _CHANNELS_LAST or onnx_layout == "nhwc" else "nchw"


def image_of(said: TensorDescription) -> dict[str, Any]:
    """Colour order, and value = (v - mean) / std per channel for v in 0…255; range where it was said."""
    mean, std = said.affine()
    rounded: Sequence[list[float]] = [list(mean), list(std)]
    return {
        "color": said.color,
        "range": list(said.range) if said.range else None,
        "mean": rounded[0],
        "std": rounded[1],
    }
