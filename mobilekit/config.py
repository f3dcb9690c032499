"""``mobilekit.toml``, or the keyword ``inputs`` that says the same, as a ModelDescription.

Every error is a DescriptionError with file, line and key, what was found and what is expected.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from mobilekit.description import DEFAULT_VERSION, Color, Kind, ModelDescription, TensorDescription
from mobilekit.errors import ConfigError, DescriptionError
from mobilekit.tensors import Layout
from mobilekit.toml_table import Key, TomlTable, dotted, read_toml

FILE_NAME = "mobilekit.toml"
UNKNOWN = "?"
"""What ``init`` writes for what only the model's maker knows."""

_HINT = "`mobilekit init MODEL.onnx` writes one to start from"
_FILE_NAME_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ARRAY_KEYS = ("from", "of", "input")
_IMAGE_KEYS = ("range", "mean", "std", "color", "layout")


def read_description(path: Path) -> ModelDescription:
    """What the file says. Keys that still say ``"?"`` are listed in ``unfinished``."""
    root = read_toml(path, error=DescriptionError, hint=_HINT)
    model = root.table("model")
    model_path = path.parent / model.need("path", str)
    description = ModelDescription(
        name=_file_name_part(model, "name") or safe_name(model_path.stem),
        version=_file_name_part(model, "version") or DEFAULT_VERSION,
        path=model_path,
        folder=path.parent,
        inputs=_tensors(root.table("inputs"), are_inputs=True),
        outputs=_tensors(root.table("outputs"), are_inputs=False),
        unfinished={
            dotted(key): f"{path}:{root.line_of(key)}"
            for key, value in _leaves(root.values)
            if value == UNKNOWN
        },
    )
    model.finish()
    root.finish()
    return description


def descriptions_from_mapping(inputs: Mapping[str, Mapping[str, object]]) -> dict[str, TensorDescription]:
    """The keyword ``inputs`` of the Python functions: the same keys as ``[inputs.NAME]`` tables."""
    table = _Keyword(path=Path(), values=_lists(inputs), lines={}, error=DescriptionError)
    unknown = [dotted(key) for key, value in _leaves(table.values) if value == UNKNOWN]
    if unknown:
        message = f'inputs: {unknown[0]} is "?"'
        raise DescriptionError(message, hint="give its value: only the model's maker knows it")
    return _tensors(table, are_inputs=True)


def require_complete(description: ModelDescription, *, given: Collection[str] = ()) -> None:
    """Raise DescriptionError if lines are still to be filled in.

    ``given`` are inputs whose data was given otherwise: nothing is asked about those.
    """
    given_keys = {dotted(("inputs", name, "from")) for name in given}
    open_keys = {k: place for k, place in description.unfinished.items() if k not in given_keys}
    if open_keys:
        lines = "\n".join(f"  {place}: {key}" for key, place in open_keys.items())
        message = f'these lines still say "?":\n{lines}'
        hint = (
            "write what the model was trained with, such as range = [-1.0, 1.0]; the comments there say how"
        )
        raise DescriptionError(message, hint=hint)


def safe_name(text: str) -> str:
    """``text`` as a part of a file name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).lstrip("._-") or "model"


@dataclass(kw_only=True)
class _Keyword(TomlTable):
    """The tables of a Python keyword, whose errors have no file and no line."""

    def _child(self, values: Mapping[str, Any], key: Key) -> TomlTable:
        return _Keyword(path=self.path, values=values, lines={}, error=self.error, key=key)

    def fault(self, name: str, message: str, *, hint: str = "") -> ConfigError:
        return self.error(f"inputs: {dotted((*self.key, name))}: {message}", hint=hint)


def _tensors(table: TomlTable, *, are_inputs: bool) -> dict[str, TensorDescription]:
    found = {name: _tensor(table.table(name), are_inputs=are_inputs) for name in table.values}
    table.finish()
    return found


def _tensor(table: TomlTable, *, are_inputs: bool) -> TensorDescription:
    kind = cast("Kind", table.choice("kind", get_args(Kind)))
    description = _image(table) if kind == "image" else _array(table, are_inputs=are_inputs)
    foreign = _ARRAY_KEYS if kind == "image" else _IMAGE_KEYS
    for name in foreign:
        if name in table.values:
            other = "array" if kind == "image" else "image"
            raise table.fault(name, f'is for kind = "{other}", this one is kind = "{kind}"')
    table.finish()
    return description


def _image(table: TomlTable) -> TensorDescription:
    color = cast("Color", table.choice("color", get_args(Color), "rgb"))
    layout = table.choice("layout", tuple(Layout)) if table.take("layout", str) is not None else None
    description = TensorDescription(
        kind="image",
        range=_range(table),
        mean=_per_channel(table, "mean"),
        std=_per_channel(table, "std"),
        color=color,
        layout=Layout(layout) if layout else None,
    )
    _check_scaling(table, description)
    return description


def _array(table: TomlTable, *, are_inputs: bool) -> TensorDescription:
    if not are_inputs:
        return TensorDescription()
    source, of = table.take("from", str), table.take("of", str)
    embedding = table.table("input") if "input" in table.values else None
    if source == UNKNOWN:
        source = None
    elif not (source or "").lower().endswith(".onnx"):
        for name in ("of", "input"):
            if name in table.values:
                raise table.fault(name, f'is for an embedding model (from = "….onnx"), got from = {source!r}')
    if embedding is not None and embedding.values.get("kind", "image") != "image":
        raise embedding.fault("kind", f"expected image, got {embedding.values['kind']!r}")
    return TensorDescription(source=source, of=of, embedding=_embedding(embedding))


def _embedding(table: TomlTable | None) -> TensorDescription | None:
    if table is None:
        return None
    table.take("kind", str)
    description = _image(table)
    table.finish()
    return description


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


def _file_name_part(table: TomlTable, name: str) -> str | None:
    value = table.take(name, str)
    if value is not None and not _FILE_NAME_PART.fullmatch(value):
        expected = "expected letters, digits, '.', '_' and '-', starting with a letter or digit"
        raise table.fault(name, f"{expected} (it becomes part of file names), got {value!r}")
    return value


def _leaves(values: Mapping[str, Any], key: Key = ()) -> list[tuple[Key, Any]]:
    found: list[tuple[Key, Any]] = []
    for name, value in values.items():
        here = (*key, name)
        found += _leaves(value, here) if isinstance(value, Mapping) else [(here, value)]
    return found


def _lists(value: Any) -> Any:
    """``value`` with tuples as lists and enums as texts: what TOML would have given."""
    if isinstance(value, Mapping):
        return {str(k): _lists(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_lists(v) for v in value]
    return str(value) if isinstance(value, Path | Layout) else value
