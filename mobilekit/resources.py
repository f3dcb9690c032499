"""Every data path, once: the same from a checkout and from an installed wheel.

A wheel has the data folders inside the package, as ``mobilekit/_data``; a checkout has them beside it.
"""

from __future__ import annotations

from pathlib import Path

from mobilekit.errors import CameraError, TargetError

_PACKAGE = Path(__file__).resolve().parent


def data_folder(name: str) -> Path:
    """The data folder ``name`` (``targets``, ``calibration``)."""
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def target_names() -> tuple[str, ...]:
    """Names of the targets that come with mobilekit, sorted."""
    return tuple(sorted(file.stem for file in data_folder("targets").glob("*.toml")))


def target_file(name_or_path: str) -> Path:
    """The file of the target of that name, or at that path. Raises TargetError listing the names."""
    own = data_folder("targets") / f"{name_or_path}.toml"
    if name_or_path in target_names():
        return own
    path = Path(name_or_path)
    if path.suffix == ".toml" or path.is_file():
        return path
    message = f"no target {name_or_path!r}"
    hint = f"the targets are {', '.join(target_names())}; or give the path of a TOML file like theirs"
    raise TargetError(message, hint=hint)


def camera_names() -> tuple[str, ...]:
    """Names of the camera profiles that come with mobilekit, sorted."""
    files = data_folder("calibration").glob("*.toml")
    return tuple(sorted(file.stem for file in files if file != demo_photos()))


def camera_file(name_or_path: str) -> Path:
    """The file of the camera profile of that name, or at that path. Raises CameraError listing the names."""
    if name_or_path in camera_names():
        return data_folder("calibration") / f"{name_or_path}.toml"
    path = Path(name_or_path)
    if path.suffix == ".toml" or path.is_file():
        return path
    message = f"no camera profile {name_or_path!r}"
    hint = f"the profiles are {', '.join(camera_names())}; or give the path of a TOML file like theirs"
    raise CameraError(message, hint=hint)


def demo_model() -> Path:
    """The embedded demo model."""
    return _PACKAGE / "demo" / "fusion.onnx"


def demo_description() -> Path:
    """The ``mobilekit.toml`` of the demo model."""
    return _PACKAGE / "demo" / "mobilekit.toml"


def demo_photos() -> Path:
    """The manifest of the demo's photos: seeds from which they are drawn."""
    return data_folder("calibration") / "demo.toml"


def manifest_schema() -> Path:
    """The JSON Schema of ``manifest.json``."""
    return _PACKAGE / "package" / "schema" / "manifest.schema.json"


def report_schema() -> Path:
    """The JSON Schema of ``report.json``."""
    return _PACKAGE / "package" / "schema" / "report.schema.json"


def delegate_lists() -> tuple[Path, ...]:
    """The published operator lists of delegates, sorted: one TOML file each."""
    return tuple(sorted((_PACKAGE / "convert" / "tflite" / "delegates").glob("*.toml")))
