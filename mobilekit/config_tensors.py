"""The tables of ``mobilekit.toml`` about tensors (``[inputs.NAME]``, ``[outputs.NAME]``) and ``[crop]``."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, cast, get_args

from mobilekit.description import (
    Boxes,
    Color,
    Crop,
    FaceDescription,
    Kind,
    NoFace,
    Numbers,
    TensorDescription,
)
from mobilekit.tensors import Layout
from mobilekit.toml_table import TomlTable

UNKNOWN = "?"
"""What ``init`` writes for what only the model's maker knows."""

_IMAGE_KEYS = ("range", "mean", "std", "color", "layout")
_CROP_KEYS = ("crop", "pad", "face_size", "face_center")
_MODEL_KEYS = ("of", "input", "output", "projection", "normalize")
_ARRAY_KEYS = ("from", "value", *_MODEL_KEYS)


def tensors_from_table(table: TomlTable, *, are_inputs: bool) -> dict[str, TensorDescription]:
    """Descriptions by name. Raises what the table raises for keys and values that do not fit."""
    found = {name: _tensor(table.table(name), are_inputs=are_inputs) for name in table.values}
    table.finish()
    return found


def faces_from_table(table: TomlTable) -> FaceDescription:
    """The table ``[crop]``; what it says if it is absent are the defaults."""
    own = table.table("input") if "input" in table.values else None
    default = FaceDescription()
    said = FaceDescription(
        detector=table.take("detector", str),
        input=_detector_input(own),
        boxes=cast("Boxes", table.choice("boxes", get_args(Boxes), default.boxes)),
        score=_share(table, "score", default.score),
        overlap=_share(table, "overlap", default.overlap),
        missing=cast("NoFace", table.choice("missing", get_args(NoFace), default.missing)),
    )
    table.finish()
    return said


def _tensor(table: TomlTable, *, are_inputs: bool) -> TensorDescription:
    kind = cast("Kind", table.choice("kind", get_args(Kind)))
    if kind == "image":
        description = _image(table, cropped=are_inputs, of=table.take("of", str) if are_inputs else None)
        foreign = tuple(name for name in _ARRAY_KEYS if name != "of" or not are_inputs)
    else:
        description = _array(table) if are_inputs else TensorDescription()
        foreign = (*_IMAGE_KEYS, *_CROP_KEYS)
    for name in foreign:
        if name in table.values:
            other = "array" if kind == "image" else "image"
            raise table.fault(name, f'is for kind = "{other}", this one is kind = "{kind}"')
    table.finish()
    return description


def _image(table: TomlTable, *, cropped: bool, of: str | None = None) -> TensorDescription:
    color = cast("Color", table.choice("color", get_args(Color), "rgb"))
    layout = table.choice("layout", tuple(Layout)) if table.take("layout", str) is not None else None
    default = TensorDescription()
    description = TensorDescription(
        kind="image",
        range=_range(table),
        mean=_per_channel(table, "mean"),
        std=_per_channel(table, "std"),
        color=color,
        layout=Layout(layout) if layout else None,
        crop=cast("Crop", table.choice("crop", get_args(Crop), default.crop)) if cropped else default.crop,
        pad=_pad(table) if cropped else None,
        face_size=_face_size(table) if cropped else default.face_size,
        face_center=_face_center(table) if cropped else default.face_center,
        of=of,
    )
    _check_scaling(table, description)
    if description.pad is not None and description.crop != "none":
        raise table.fault("pad", f'is for crop = "none", this one is crop = "{description.crop}"')
    return description


def _array(table: TomlTable) -> TensorDescription:
    source, of = table.take("from", str), table.take("of", str)
    own = table.table("input") if "input" in table.values else None
    if source == UNKNOWN:
        source = None
    elif not (source or "").lower().endswith(".onnx"):
        for name in _MODEL_KEYS:
            if name in table.values:
                raise table.fault(name, f'is for an embedding model (from = "….onnx"), got from = {source!r}')
    if "value" in table.values and "from" in table.values:
        raise table.fault(
            "value", "from is given too", hint="give numbers, or where they come from, not both"
        )
    return TensorDescription(
        source=source,
        of=of,
        embedding=_model_input(own),
        output=table.take("output", str),
        projection=table.take("projection", str),
        normalize=bool(table.take("normalize", bool, default=False)),
        value=_value(table),
    )


def _model_input(table: TomlTable | None) -> TensorDescription | None:
    """What the own input of an embedding model or a detector means; it is always an image."""
    if table is None:
        return None
    if table.take("kind", str, "image") != "image":
        raise table.fault("kind", f"expected image, got {table.values['kind']!r}")
    description = _image(table, cropped=True)
    table.finish()
    return description


def _detector_input(table: TomlTable | None) -> TensorDescription | None:
    """What a face detector's own input means: it sees whole photos, stretched or letterboxed (``pad``)."""
    if table is None:
        return None
    for name in ("face_size", "face_center"):
        if name in table.values:
            raise table.fault(name, "is for inputs that show a face; a detector sees whole photos")
    table.choice("crop", ("none",), "none")
    whole = replace(table, values={**table.values, "crop": "none"})
    return _model_input(whole)


def _range(table: TomlTable) -> tuple[float, float] | None:
    if table.values.get("range") == UNKNOWN:
        table.take("range", str)
        return None
    values = _numbers(table, "range")
    if values is None:
        return None
    if len(values) != 2 or not values[0] < values[1]:
        raise table.fault("range", f"expected [black, white] with black < white, got {list(values)!r}")
    return values[0], values[1]


def _per_channel(table: TomlTable, name: str) -> tuple[float, ...] | None:
    if table.values.get(name) == UNKNOWN:
        table.take(name, str)
        return None
    return _numbers(table, name)


def _pad(table: TomlTable) -> tuple[float, ...] | None:
    """One grey or a colour (red, green, blue), 0…255."""
    if isinstance(table.values.get("pad"), list):
        values = _numbers(table, "pad")
    else:
        grey = table.number("pad", minimum=0)
        values = None if grey is None else (grey,)
    if values is not None and (len(values) not in (1, 3) or not all(0 <= v <= 255 for v in values)):
        raise table.fault("pad", f"expected a number or three in 0…255, got {table.values['pad']!r}")
    return values


def _face_size(table: TomlTable) -> float:
    size = table.number("face_size")
    if size is not None and not 0 < size <= 4:
        raise table.fault("face_size", f"expected a share of the picture's height such as 0.5, got {size!r}")
    return TensorDescription().face_size if size is None else size


def _face_center(table: TomlTable) -> tuple[float, float]:
    values = _numbers(table, "face_center")
    if values is None:
        return TensorDescription().face_center
    if len(values) != 2 or not all(0 <= v <= 1 for v in values):
        shares = "[x, y] as shares of width and height such as [0.5, 0.5]"
        raise table.fault("face_center", f"expected {shares}, got {list(values)!r}")
    return values[0], values[1]


def _share(table: TomlTable, name: str, default: float) -> float:
    value = table.number(name)
    if value is not None and not 0 < value < 1:
        raise table.fault(name, f"expected a number between 0 and 1, got {value!r}")
    return default if value is None else value


def _value(table: TomlTable) -> Numbers | None:
    value: Any = table.take("value", (bool, int, float, list))
    return None if value is None else _nested(table, value)


def _nested(table: TomlTable, value: Any) -> Numbers:
    if isinstance(value, list) and value:
        return tuple(_nested(table, each) for each in value)
    if isinstance(value, bool | int | float) and math.isfinite(value):
        return value
    raise table.fault("value", f"expected a number or lists of numbers, got {table.values['value']!r}")


def _numbers(table: TomlTable, name: str) -> tuple[float, ...] | None:
    values = table.take(name, list)
    if values is None:
        return None
    if not all(isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in values):
        raise table.fault(name, f"expected a list of numbers, got {values!r}")
    return tuple(float(v) for v in values)


def _check_scaling(table: TomlTable, description: TensorDescription) -> None:
    """Either ``range``, or ``mean`` and ``std`` with a value per channel."""
    given = [name for name in ("mean", "std") if name in table.values]
    if "range" in table.values and given:
        raise table.fault(given[0], "range is given too", hint="give range, or mean and std, not both")
    if len(given) == 1:
        missing = "std" if given == ["mean"] else "mean"
        hint = "mean and std go together, in 0…255 units"
        raise table.fault(given[0], f"{missing} is missing beside it", hint=hint)
    for name, values in (("mean", description.mean), ("std", description.std)):
        if values is not None and len(values) != description.channels:
            expected = f"expected {description.channels} numbers (color is {description.color})"
            raise table.fault(name, f"{expected}, got {list(values)!r}")
    if description.std is not None and min(description.std) <= 0:
        raise table.fault("std", f"expected numbers above 0, got {list(description.std)!r}")
