"""``mobilekit.toml``, or the keyword ``inputs`` that says the same, as a ModelDescription.

Every error is a DescriptionError with file, line and key, what was found and what is expected.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mobilekit.config_tensors import UNKNOWN, faces_from_table, tensors_from_table
from mobilekit.description import DEFAULT_VERSION, ModelDescription, TensorDescription
from mobilekit.errors import ConfigError, DescriptionError
from mobilekit.tensors import Layout
from mobilekit.toml_table import Key, TomlTable, dotted, read_toml

FILE_NAME = "mobilekit.toml"
_HINT = "`mobilekit init MODEL.onnx` writes one to start from"
_FILE_NAME_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def read_description(path: Path) -> ModelDescription:
    """What the file says. Keys that still say ``"?"`` are listed in ``unfinished``."""
    root = read_toml(path, error=DescriptionError, hint=_HINT)
    model = root.table("model")
    model_path = path.parent / model.need("path", str)
    description = ModelDescription(
        name=_file_name_part(model, "name") or safe_name(model_path.stem),
        version=_file_name_part(model, "version") or DEFAULT_VERSION,
        **{key: model.take(key, str) or "" for key in ("summary", "author", "license")},
        path=model_path,
        folder=path.parent,
        inputs=tensors_from_table(root.table("inputs"), are_inputs=True),
        outputs=tensors_from_table(root.table("outputs"), are_inputs=False),
        faces=faces_from_table(root.table("crop")),
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
    return tensors_from_table(table, are_inputs=True)


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
