"""The demo's calibration photos: a manifest of seeds in, named pictures out."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mobilekit.demo.faces import Identity, Scene, render


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """One line of the manifest: a person (seed, Monk tone 1..10) in a scene (seed)."""

    name: str
    identity: int
    monk: int
    scene: int


def read_manifest(manifest_path: Path) -> tuple[Photo, ...]:
    """The photos of a manifest (`[[photo]]` tables), sorted by name.

    Raises ValueError where two photos share a name, KeyError or TypeError where a field is
    missing or unknown.
    """
    tables = tomllib.loads(manifest_path.read_text(encoding="utf-8"))["photo"]
    photos = tuple(sorted((Photo(**table) for table in tables), key=lambda photo: photo.name))
    if len({photo.name for photo in photos}) != len(photos):
        message = f"{manifest_path}: two photos have the same name"
        raise ValueError(message)
    return photos


def render_photos(manifest_path: Path, size: int = 512) -> Iterator[tuple[str, npt.NDArray[np.uint8]]]:
    """Name and size×size×3 sRGB picture of each photo, in name order."""
    for photo in read_manifest(manifest_path):
        person = Identity.sample(photo.identity, monk=photo.monk)
        yield photo.name, render(person, Scene.sample(photo.scene), size=size)
