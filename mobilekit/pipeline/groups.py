"""The skin-tone groups of the people on the scoring photos, found once for all tiers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.parity.pictures import is_picture, pictures
from mobilekit.pipeline.keys import build_key
from mobilekit.store.canonical import write_json

if TYPE_CHECKING:
    from mobilekit.pipeline.opened import Opened
    from mobilekit.tensors import Feed


def skin_groups(opened: Opened) -> list[str | None]:
    """The group of each scoring sample, by the first image input; None where no skin is found.

    Empty for a model whose outputs are not described as images: nobody looks at them.
    """
    first = _shown(opened)
    if first is None:
        return []

    def build(folder: Path) -> None:
        write_json(folder / "groups.json", groups_of(opened, opened.scoring))

    key = {"samples": opened.scoring.digest, "input": first, **build_key()}
    path = opened.job.store.stage("skin-groups", key, build).path / "groups.json"
    groups: list[str | None] = json.loads(path.read_text(encoding="utf-8"))
    return groups


def groups_of(opened: Opened, samples: Iterable[Feed]) -> list[str | None]:
    """As :func:`skin_groups`, of any samples."""
    from mobilekit.calibrate.audit import skin_group

    first = _shown(opened)
    if first is None:
        return []
    described = opened.job.description.inputs[first]
    found: list[str | None] = []
    for feed in samples:
        pixels = np.round(pictures(np.asarray(feed[first]), described)[0] * 255.0).astype(np.uint8)
        found.append(skin_group(pixels) if pixels.shape[2] == 3 else None)
    return found


def _shown(opened: Opened) -> str | None:
    """The first image input, where there is an image output too."""
    said, source = opened.job.description, opened.source
    if not any(is_picture(said.outputs.get(spec.name), spec.shape) for spec in source.outputs):
        return None
    return next((s.name for s in source.inputs if is_picture(said.inputs.get(s.name), s.shape)), None)
