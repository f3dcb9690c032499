"""Skin-tone groups of the scored photos, by what the model is shown."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.calibrate import audit
from mobilekit.pipeline import package
from tests.pipeline.support import project, write_config, write_target

OUTPUT = '[outputs.picture]\nkind = "image"\nrange = [-1.0, 1.0]\n'
TARGET = """\
name = "mine"
format = "tflite"
[[tiers]]
name = "only"
precision = "int8"
budget = { group_psnr_mean = 5.0 }
"""


def test_groups_are_found_by_the_shown_pixels(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each group of the scored samples has its own figures; the audit sees RGB pixels of the input."""
    seen: list[np.ndarray] = []

    def group(pixels: np.ndarray) -> str | None:
        seen.append(pixels)
        return ("dark", None)[len(seen) % 2]

    monkeypatch.setattr(audit, "skin_group", group)
    monkeypatch.chdir(tmp_path)
    project(tmp_path)
    write_config(tmp_path, rest=OUTPUT)
    write_target(tmp_path, TARGET)
    result = package(target="mine.toml", photos="photos", store="store")
    picture = result.tiers[0].report["parity"]["outputs"][0]["picture"]
    assert picture["groups"]["dark"]["photos"] == 1
    assert {each.dtype for each in seen} == {np.dtype(np.uint8)}
    assert {each.shape for each in seen} == {(16, 16, 3)}


def test_without_a_picture_nobody_is_looked_for(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An output that is not described as an image has no figures of pictures."""
    monkeypatch.chdir(tmp_path)
    project(tmp_path)
    write_target(tmp_path, TARGET)
    result = package(target="mine.toml", photos="photos", store="store")
    assert result.tiers[0].report["parity"]["outputs"][0]["picture"] is None
