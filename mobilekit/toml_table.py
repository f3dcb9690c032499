"""Reading TOML tables strictly: every error names file, line and key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, cast

from mobilekit.errors import ConfigError

T = TypeVar("T")
Key = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_PART = re.compile(r"(\"(?:\\.|[^\"\\])*\")|'([^']*)'|([A-Za-z0-9_-]+)")
_ASSIGNMENT = re.compile(rf"\s*((?:{_PART.pattern})(?:\s*\.\s*(?:{_PART.pattern}))*)\s*=")


@dataclass(kw_only=True)
class TomlTable:
    """One table of a file, read key by key; ``finish`` refuses the keys nobody asked for.

    ``error`` is the class that is raised, so that each kind of file keeps its exit code.
    """

    path: Path
    values: Mapping[str, Any]
    lines: Mapping[Key, int]
    error: type[ConfigError]
    key: Key = ()
    _asked: set[str] = field(default_factory=set)

    def take(self, name: str, kind: type[T] | tuple[type, ...], default: T | None = None) -> T | None:
        """The value of ``name``, or ``default``; raises if it is of another type."""
        self._asked.add(name)
        if name not in self.values:
            return default
        value = self.values[name]
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            expected = " or ".join(k.__name__ for k in kinds)
            raise self.fault(name, f"expected {expected}, got {value!r}")
        return cast("T", value)

    def need(self, name: str, kind: type[T]) -> T:
        """The value of ``name``; raises if it is missing."""
        value = self.take(name, kind)
        if value is None:
            raise self.fault(name, "is missing")
        return value

    def number(self, name: str, *, minimum: float | None = None) -> float | None:
        """An optional integer or float, at least ``minimum``."""
        value = self.take(name, (int, float))
        if value is None:
            return None
        if minimum is not None and not value >= minimum:
            raise self.fault(name, f"expected at least {minimum:g}, got {value!r}")
        return float(value)

    def count(self, name: str) -> int | None:
        """An optional integer of at least 0."""
        value = self.take(name, int)
        if value is not None and value < 0:
            raise self.fault(name, f"expected at least 0, got {value!r}")
        return value

    def choice(self, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        """A text out of ``allowed``."""
        value = self.need(name, str) if default is None else self.take(name, str, default)
        if value not in allowed:
            raise self.fault(name, f"expected one of {', '.join(allowed)}, got {value!r}")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; empty if absent."""
        return self._list(name, str, "texts")

    def counts(self, name: str) -> tuple[int, ...]:
        """A list of positive integers; empty if absent."""
        values: tuple[int, ...] = self._list(name, int, "positive integers")
        if any(isinstance(v, bool) or v < 1 for v in values):
            raise self.fault(name, f"expected a list of positive integers, got {list(values)!r}")
        return values

    def _list(self, name: str, kind: type[T], words: str) -> tuple[T, ...]:
        values = self.take(name, list) or []
        if not all(isinstance(v, kind) for v in values):
            raise self.fault(name, f"expected a list of {words}, got {values!r}")
        return tuple(values)

    def table(self, name: str) -> TomlTable:
        """The table ``name``; an empty one if absent."""
        return self._child(self.take(name, dict) or {}, (*self.key, name))

    def tables(self, name: str) -> tuple[TomlTable, ...]:
        """The array of tables ``name``; empty if absent."""
        values = self.take(name, list) or []
        if not all(isinstance(v, dict) for v in values):
            raise self.fault(name, f"expected an array of tables, got {values!r}")
        return tuple(self._child(v, (*self.key, name, i)) for i, v in enumerate(values))

    def _child(self, values: Mapping[str, Any], key: Key) -> TomlTable:
        return TomlTable(path=self.path, values=values, lines=self.lines, error=self.error, key=key)

    def finish(self) -> None:
        """Raises if the table has a key that nobody asked for."""
        for name in self.values:
            if name not in self._asked:
                close = get_close_matches(name, sorted(self._asked), n=1)
                hint = f"did you mean {close[0]}?" if close else ""
                raise self.fault(name, f"unknown key; known are {', '.join(sorted(self._asked))}", hint=hint)

    def fault(self, name: str, message: str, *, hint: str = "") -> ConfigError:
        """The error about the key ``name`` of this table, with file and line."""
        key = (*self.key, name)
        text = f"{self.path}:{self.line_of(key)}: {dotted(key)}: {message}"
        return self.error(text, hint=hint)

    def line_of(self, key: Key) -> int:
        """The line of ``key``, or of the nearest table around it (inline tables have no lines)."""
        below = [line for other, line in self.lines.items() if other[: len(key)] == key]
        if below:
            return min(below)
        return self.line_of(key[:-1]) if len(key) > 1 else 1


def read_toml(path: Path, *, error: type[ConfigError], hint: str = "") -> TomlTable:
    """The root table of a file. Raises ``error`` if it cannot be read or is not TOML."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows' editors write a mark first
    except OSError as problem:
        message = f"cannot read {path}: {problem.strerror}"
        raise error(message, hint=hint) from problem
    except UnicodeDecodeError as problem:
        message = f"{path} is not a text file in UTF-8"
        raise error(message, hint=hint) from problem
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        message = f"{path}: not TOML: {problem}"
        raise error(message, hint=hint) from problem
    return TomlTable(path=path, values=values, lines=lines_of_keys(text), error=error)


def lines_of_keys(text: str) -> dict[Key, int]:
    """Line numbers (from 1) of the tables and keys of a valid TOML document; for messages only."""
    lines: dict[Key, int] = {}
    table: Key = ()
    counts: dict[Key, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header and "=" not in header[2]:
            table = _resolve(_parts(header[2]), counts, is_array=header[1] == "[[")
            lines.setdefault(table, number)
        elif assignment := _ASSIGNMENT.match(line):
            lines.setdefault((*table, *_parts(assignment[1])), number)
    return lines


def _resolve(parts: tuple[str, ...], counts: dict[Key, int], *, is_array: bool) -> Key:
    key: Key = ()
    for position, part in enumerate(parts):
        key = (*key, part)
        if is_array and position == len(parts) - 1:
            counts[key] = counts.get(key, -1) + 1
        if key in counts:
            key = (*key, counts[key])
    return key


def _parts(text: str) -> tuple[str, ...]:
    return tuple(_unescaped(a) if a else b or c for a, b, c in _PART.findall(text))


def _unescaped(text: str) -> str:
    """The value of a quoted key, as TOML reads it."""
    return str(tomllib.loads(f"key = {text}")["key"])


def dotted(key: Key) -> str:
    """A key as a person writes it: ``tiers[0].precision``."""
    return "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in key).lstrip(".")
