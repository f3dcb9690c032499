"""The audit of a set: what it says of drawn faces, of photos, of what is missing."""

from __future__ import annotations

import json

import numpy as np

from mobilekit.calibrate.audit import audit, measure
from mobilekit.demo.faces import Identity, Scene, render


def drawn(count: int) -> list[tuple[str, np.ndarray]]:
    return [
        (f"p{i}", render(Identity.sample(i, monk=1 + i % 10), Scene.sample(i), size=192))
        for i in range(count)
    ]


def grainy(pixels: np.ndarray) -> np.ndarray:
    return np.clip(pixels + np.random.default_rng(0).normal(0, 4, pixels.shape), 0, 255).astype(np.uint8)


def test_drawn_faces_alone_are_warned_of() -> None:
    """A set of drawings is no calibration set, and the audit says so; with grain in them it does not."""
    faces = drawn(3)
    warned = audit((name, measure(pixels)) for name, pixels in faces)
    assert any("synthetic faces alone" in warning for warning in warned.warnings)
    photos = audit((name, measure(grainy(pixels))) for name, pixels in faces)
    assert not any("synthetic" in warning for warning in photos.warnings)


def test_missing_tones_are_said_with_what_to_do() -> None:
    """Light faces only: medium and dark skin is missing, light is not."""
    faces = [render(Identity.sample(s, monk=3), Scene.sample(s), size=192) for s in (1, 5, 6)]
    found = audit((f"p{i}", measure(pixels)) for i, pixels in enumerate(faces))
    assert any("dark skin (Monk 8 to 10)" in advice for advice in found.missing)
    assert not any("light skin" in advice for advice in found.missing)


def test_a_set_without_faces_is_warned_of() -> None:
    """Landscapes have no skin: the audit says that tones are uncertain."""
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    found = audit((f"p{i}", measure(noise)) for i in range(3))
    assert any("no face was found in 3 of 3" in warning for warning in found.warnings)
    assert found.summary()["without_face"] == 3


def test_the_json_is_plain_and_complete() -> None:
    """It survives JSON, has every photo once, even of the same name, and only rounded numbers."""
    name, pixels = drawn(1)[0]
    found = audit([(name, measure(pixels)), (name, measure(grainy(pixels)))])
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert list(plain["photos"]) == ["p0", "p0 (2)"]
    assert plain["summary"]["photos"] == 2
    assert sum(plain["monk_tones"].values()) == sum(plain["ita_groups"].values())


def test_measuring_is_a_function_of_the_pixels() -> None:
    """Measuring twice gives the same; a darker exposure of the photo gives another brightness."""
    _, pixels = drawn(1)[0]
    assert measure(pixels) == measure(pixels.copy())
    darker = measure((pixels * 0.4).astype(np.uint8))
    assert darker.light.brightness < measure(pixels).light.brightness
