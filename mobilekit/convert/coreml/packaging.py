"""A program as an .mlpackage folder whose bytes depend on nothing but the program.

Written without ``MLModel.save``, which adds the date and random identifiers.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

_AUTHOR = "com.apple.CoreML"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:mobilekit:mlpackage")


def write_package(spec: Any, weights: Path | None, folder: Path) -> None:
    """Write ``spec`` (a Model protobuf) and the ``weight.bin`` it refers to into the new ``folder``."""
    data = folder / "Data" / _AUTHOR
    data.mkdir(parents=True)
    model = spec.SerializeToString(deterministic=True)
    (data / "model.mlmodel").write_bytes(model)
    entries = {_item_id("model", model): _entry("model.mlmodel", "CoreML Model Specification")}
    root = next(iter(entries))
    if weights is not None:
        (data / "weights").mkdir()
        (data / "weights" / "weight.bin").write_bytes(weights.read_bytes())
        entries[_item_id("weights", weights.read_bytes())] = _entry("weights", "CoreML Model Weights")
    manifest = {"fileFormatVersion": "1.0.0", "itemInfoEntries": entries, "rootModelIdentifier": root}
    (folder / "Manifest.json").write_text(json.dumps(manifest, indent=4, sort_keys=True) + "\n")


def _item_id(role: str, content: bytes) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{role}:{hashlib.sha256(content).hexdigest()}")).upper()


def _entry(name: str, description: str) -> dict[str, str]:
    return {"author": _AUTHOR, "description": description, "name": name, "path": f"{_AUTHOR}/{name}"}
