"""What a stage's result depends on: code, tool versions, models, photos, descriptions; as digests.

Nothing here imports a heavy library: an unchanged build finds all its keys in a moment.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.artifact import digest_of_bytes, digest_of_path
from mobilekit.errors import ModelFileError

if TYPE_CHECKING:
    from mobilekit.description import ModelDescription
    from mobilekit.store.cas import Store
    from mobilekit.tensors import Feed

_PACKAGE = Path(__file__).resolve().parents[1]
_NOT_BUILDING = ("cli", "report")
_PATHS = ("source", "projection", "detector")
_TOOLS = (
    "ai-edge-litert",
    "coremltools",
    "flatbuffers",
    "numpy",
    "onnx",
    "onnx-ir",
    "onnxruntime",
    "onnxscript",
    "pillow",
    "protobuf",
    "scipy",
)


@cache
def code_digest() -> str:
    """SHA-256 of the package's own source files, but for those that only show results."""
    state = hashlib.sha256()
    for file in sorted(_PACKAGE.rglob("*.py")):
        relative = file.relative_to(_PACKAGE)
        if relative.parts[0] not in _NOT_BUILDING:
            state.update(f"{relative.as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return state.hexdigest()


_OF_ONE_FORMAT = {"tflite": ("ai-edge-litert", "flatbuffers"), "coreml": ("coremltools",), "onnx-qdq": ()}


@cache
def tool_versions(format_name: str | None = None) -> Mapping[str, str]:
    """Versions of this package and of the libraries that results depend on, sorted by name.

    With a format, without the libraries that only others need.
    """
    others = {n for f, names in _OF_ONE_FORMAT.items() if format_name not in (None, f) for n in names}
    return {name: version for name, version in _all_versions().items() if name not in others}


@cache
def _all_versions() -> Mapping[str, str]:
    found = {name: _version(name) for name in ("mobilekit", *_TOOLS)}
    return {name: found[name] for name in sorted(found)}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "0" if name == "mobilekit" else "absent"


def build_key() -> dict[str, Any]:
    """The part of a key that all stages have."""
    return {"code": code_digest(), "tools": dict(tool_versions())}


def model_key(path: Path, store: Store) -> dict[str, Any]:
    """Digests of a model file and of its external data. Raises ModelFileError if it cannot be read."""
    try:
        digest = digest_of_path(path) if not path.is_dir() else ""
    except FileNotFoundError as error:
        message = f"{path}: no such file"
        raise ModelFileError(message, hint="give the path of an .onnx file") from error
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror or error}"
        raise ModelFileError(message, hint="may you read it?") from error
    if not digest:
        message = f"{path}: a folder, expected an .onnx file"
        raise ModelFileError(message, hint="name the file in it")
    found = store.stage(
        "external-data", {"model": digest, **build_key()}, lambda folder: _write_locations(path, folder)
    )
    locations = json.loads((found.path / "locations.json").read_text(encoding="utf-8"))
    return {"file": digest, "external": {name: _digest_inside(path.parent, name) for name in locations}}


def model_digest(key: Mapping[str, Any]) -> str:
    """One digest for a model: that of its file, joined with its external data's if it has any."""
    if not key["external"]:
        return str(key["file"])
    return digest_of_bytes(json.dumps(key, sort_keys=True).encode())


def _write_locations(path: Path, folder: Path) -> None:
    from mobilekit.source.external import external_locations

    (folder / "locations.json").write_text(json.dumps(external_locations(path)), encoding="utf-8")


def _digest_inside(folder: Path, location: str) -> str | None:
    """Digest of external data; None where reading the model will refuse it (a way out of its folder)."""
    file = folder / location
    try:
        inside = file.resolve().is_relative_to(folder.resolve()) and file.is_file()
    except (OSError, ValueError):
        return None
    return _digest_if_there(file) if inside else None


def _digest_if_there(path: Path) -> str | None:
    """The digest of a file or folder; None where reading it will raise the proper error later."""
    try:
        return digest_of_path(path) if path.exists() else None
    except OSError:
        return None


def description_key(description: ModelDescription) -> dict[str, Any]:
    """What a description says, without where it was read from and where its files lie."""
    said: dict[str, Any] = _without_paths(asdict(description))
    told = ("name", "version", "summary", "author", "license", "inputs", "outputs", "faces")
    return {name: said[name] for name in told}


def _without_paths(said: Any) -> Any:
    if not isinstance(said, Mapping):
        return said
    return {name: _without_paths(value) for name, value in said.items() if name not in _PATHS}


def data_key(description: ModelDescription, data: Mapping[str, Path], store: Store) -> dict[str, Any]:
    """Digests of the files that feeds come from: given ones, and those that the description names."""
    folder = description.folder
    found = {name: _data_digest(path, store) for name, path in sorted(data.items())}
    for name, said in sorted(description.inputs.items()):
        for key, file in (("", said.source), (".projection", said.projection)):
            if file is not None and name not in data:
                found[name + key] = _data_digest(folder / file, store)
    if description.faces.detector is not None:
        found["[crop]"] = [_data_digest(path, store) for path in _detector_files(description)]
    return found


def _detector_files(description: ModelDescription) -> list[Path]:
    """The face detector, and the file of its own that describes it."""
    from mobilekit.calibrate.faces import detector_files

    model, own = detector_files(description)
    return [model] if own is None else [model, own]


def _data_digest(path: Path, store: Store) -> Any:
    """The digest of a file or folder, of a model with its external data; None if it is not there."""
    if path.suffix.lower() != ".onnx" or not path.is_file():
        return _digest_if_there(path)
    return model_key(path, store)


def feeds_key(samples: Sequence[Feed] | None) -> str | None:
    """Digest of ready-made feeds."""
    if samples is None:
        return None
    import numpy as np

    state = hashlib.sha256()
    for feed in samples:
        for name in sorted(feed):
            array = np.asarray(feed[name])
            state.update(f"{name}\0{array.dtype}\0{array.shape}\0".encode() + array.tobytes())
    return state.hexdigest()
