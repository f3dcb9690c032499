"""A tier's folder for iOS: model.mlpackage and manifest.json."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.artifact import digest_of_path, size_of_path
from mobilekit.description import TensorDescription
from mobilekit.package.bundle import MANIFEST_FILE
from mobilekit.package.compute_units import compute_units
from mobilekit.package.coreml_facts import Feature, facts_of
from mobilekit.package.crop import with_crops
from mobilekit.package.manifest import common, image_of
from mobilekit.store.canonical import output_errors, write_json

if TYPE_CHECKING:
    from mobilekit.package.manifest import Published

PACKAGE = "model.mlpackage"


def write_tier(folder: Path, model: Path, published: Published) -> Mapping[str, Any]:
    """Fill ``folder`` with the verified package ``model`` and its manifest, which is returned.

    Raises OutputError, and UnsoundArtifactError for a package that is not ours.
    """
    facts, said = facts_of(model), published.description
    with output_errors(folder / PACKAGE):
        shutil.copytree(model, folder / PACKAGE, copy_function=shutil.copyfile)
    content = {
        **common(published),
        "compute_units": compute_units(published.tier.accelerators),
        "opset": facts.opset,
        "model": {
            "file": PACKAGE,
            "format": "coreml",
            "sha256": digest_of_path(model),
            "size_bytes": size_of_path(model),
        },
        "inputs": with_crops([_tensor(each, said.inputs) for each in facts.inputs], said),
        "outputs": [_tensor(each, said.outputs) for each in facts.outputs],
        "float32_operators": len(facts.islands),
    }
    write_json(folder / MANIFEST_FILE, content)
    return content


def _tensor(feature: Feature, described: Mapping[str, TensorDescription]) -> dict[str, Any]:
    """One input or output: as the package has it, as ONNX names it, and what its values mean."""
    name = str(feature.onnx["name"])
    said = described.get(name, TensorDescription())
    shape = tuple(int(size) for size in feature.onnx["shape"])
    layout = said.layout_of(shape) if said.kind == "image" and len(shape) == 4 else None
    if feature.color is not None:
        layout_name: str | None = "nchw"
    else:
        layout_name = str(layout) if layout is not None else None
    return {
        "name": name,
        "feature": feature.name,
        "kind": said.kind,
        "pixels": feature.color,
        "dtype": feature.dtype,
        "shape": list(feature.shape),
        "layout": layout_name,
        "onnx": {"dtype": str(feature.onnx["dtype"]), "shape": list(shape)},
        "permutation": _permutation(shape, nhwc=feature.color is not None and str(layout) == "nhwc"),
        "image": image_of(said) if said.kind == "image" else None,
        "quantisation": None,
    }


def _permutation(shape: tuple[int, ...], *, nhwc: bool) -> list[int]:
    """Axis i of the package's tensor is axis permutation[i] of the model's; pixels are NCHW always."""
    return [0, 3, 1, 2] if nhwc else list(range(len(shape)))
