"""Reading a camera's profile from TOML; errors name file, line and key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

from mobilekit import resources
from mobilekit.calibrate.isp.profile import (
    PATTERNS,
    CameraProfile,
    Matrix,
    Output,
    Processing,
    Scene,
    Sensor,
    Span,
)
from mobilekit.errors import CameraError
from mobilekit.toml_table import TomlTable, read_toml

_HINT = "a profile's name, or the path of a TOML file like those in calibration/"
_KELVIN = (2000.0, 20000.0)
_STOPS = (-8.0, 4.0)
_GAINS = (1.0, 8.0)
_ISO = (1.0, 1e6)
_SIGMAS = (0.0, 20.0)


def named_profile(name_or_path: str) -> CameraProfile:
    """The profile of that name, or at that path. Raises CameraError."""
    return read_profile(resources.camera_file(name_or_path))


def read_profile(path: Path) -> CameraProfile:
    """The profile in a file: what it says, over the profile that its ``base`` names.

    Raises CameraError naming file, line and key.
    """
    return _read(path, ())


def _read(path: Path, readers: tuple[Path, ...]) -> CameraProfile:
    root = read_toml(path, error=CameraError, hint=_HINT)
    base = _base(root, (*readers, path.resolve()))
    profile = CameraProfile(
        name=root.take("name", str, path.stem) or path.stem,
        about=root.take("about", str, "") or "",
        short_side=_whole(root, "short_side", base.short_side, 64, 10000),
        photo_contrast=_number(root, "photo_contrast", base.photo_contrast, 0.0, 1.0),
        scene=_scene(root.table("scene"), base.scene),
        sensor=_sensor(root.table("sensor"), base.sensor),
        processing=_processing(root.table("processing"), base.processing),
        output=_output(root.table("output"), base.output),
    )
    root.finish()
    if not all(c.isascii() and (c.isalnum() or c in "_-") for c in profile.name):
        raise root.fault("name", f"expected letters, digits, - and _, got {profile.name!r}")
    return profile


def _base(root: TomlTable, readers: tuple[Path, ...]) -> CameraProfile:
    name = root.take("base", str)
    if name is None:
        return CameraProfile(name="")
    known = name in resources.camera_names()
    path = resources.camera_file(name) if known else root.path.parent / name
    if path.resolve() in readers:
        raise root.fault("base", f"{name!r} is based on this profile itself")
    if not known and not path.is_file():
        names = ", ".join(resources.camera_names())
        raise root.fault("base", f"no profile {name!r}; known are {names}, and files beside this one")
    return _read(path, readers)


def _scene(table: TomlTable, base: Scene) -> Scene:
    scene = replace(
        base,
        temperature_kelvin=_span(table, "temperature_kelvin", base.temperature_kelvin, *_KELVIN),
        exposure_stops=_span(table, "exposure_stops", base.exposure_stops, *_STOPS),
        centre=_number(table, "centre", base.centre, 0.01, 4.0),
        edge=_number(table, "edge", base.edge, 0.01, 4.0),
        glare=_number(table, "glare", base.glare, 0.0, 0.9),
    )
    table.finish()
    return scene


def _sensor(table: TomlTable, base: Sensor) -> Sensor:
    sensor = replace(
        base,
        bayer=table.choice("bayer", PATTERNS, base.bayer),
        matrix=_matrix(table, base.matrix),
        red_gain=_span(table, "red_gain", base.red_gain, *_GAINS),
        blue_gain=_span(table, "blue_gain", base.blue_gain, *_GAINS),
        iso=_span(table, "iso", base.iso, *_ISO),
        shot_at_iso_100=_number(table, "shot_at_iso_100", base.shot_at_iso_100, 0.0, 0.1),
        frames=_whole(table, "frames", base.frames, 1, 1000) or 1,
    )
    table.finish()
    return sensor


def _processing(table: TomlTable, base: Processing) -> Processing:
    steps = replace(
        base,
        white_balance_adaptation=_number(
            table, "white_balance_adaptation", base.white_balance_adaptation, 0.0, 1.0
        ),
        white_balance_error=_number(table, "white_balance_error", base.white_balance_error, 0.0, 0.5),
        saturation=_number(table, "saturation", base.saturation, 0.0, 3.0),
        denoise_luma_sigma=_number(table, "denoise_luma_sigma", base.denoise_luma_sigma, *_SIGMAS),
        denoise_chroma_sigma=_number(table, "denoise_chroma_sigma", base.denoise_chroma_sigma, *_SIGMAS),
        contrast=_number(table, "contrast", base.contrast, 0.0, 1.0),
        shadows=_number(table, "shadows", base.shadows, 0.0, 2.0),
        sharpen=_number(table, "sharpen", base.sharpen, 0.0, 5.0),
        sharpen_sigma=_number(table, "sharpen_sigma", base.sharpen_sigma, 0.2, _SIGMAS[1]),
    )
    table.finish()
    return steps


def _output(table: TomlTable, base: Output) -> Output:
    output = Output(
        brightness=_number(table, "brightness", base.brightness, -1.0, 1.0),
        jpeg_quality=_whole(table, "jpeg_quality", base.jpeg_quality, 1, 100),
    )
    table.finish()
    return output


def _number(table: TomlTable, name: str, default: float, least: float, most: float) -> float:
    value = table.take(name, (int, float), default)
    return _within(table, name, value, least, most)


def _whole(table: TomlTable, name: str, default: int | None, least: int, most: int) -> int | None:
    value = table.take(name, int, default)
    if value is not None:
        _within(table, name, value, least, most)
    return value


def _span(table: TomlTable, name: str, default: Span, least: float, most: float) -> Span:
    """A number, or a list of the least and the greatest value."""
    value = table.take(name, (int, float, list), None)
    if value is None:
        return default
    ends = value if isinstance(value, list) else [value, value]
    if len(ends) != 2:
        raise table.fault(name, f"expected a number or [least, greatest], got {value!r}")
    low, high = (_within(table, name, end, least, most) for end in ends)
    if low > high:
        raise table.fault(name, f"expected [least, greatest], got {value!r}")
    return Span(low=low, high=high)


def _within(table: TomlTable, name: str, value: object, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise table.fault(name, f"expected a number in {least:g}…{most:g}, got {value!r}")
    return float(value)


def _matrix(table: TomlTable, default: Matrix | None) -> Matrix | None:
    rows = table.take("matrix", list)
    if rows is None:
        return default
    right = len(rows) == 3 and all(isinstance(row, list) and len(row) == 3 for row in rows)
    if not right:
        raise table.fault("matrix", f"expected three lists of three numbers, got {rows!r}")
    found = tuple(tuple(_within(table, "matrix", value, -10.0, 10.0) for value in row) for row in rows)
    matrix = cast("Matrix", found)
    _check_usable(table, matrix)
    return matrix


def _check_usable(table: TomlTable, matrix: Matrix) -> None:
    """Raises CameraError unless white is seen by all three colours, and can be told from others."""
    from mobilekit.calibrate.isp.colour import invertible

    if not invertible(matrix):
        raise table.fault("matrix", "expected an invertible matrix whose camera sees white in every colour")
