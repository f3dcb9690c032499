"""Procedural portraits: `render(identity, scene)` draws one, from numbers alone.

Soft signed-distance shapes over a pseudo-3D head, shaded in linear light (wrapped Lambert
and a small highlight) and encoded as sRGB. NumPy only; one picture is a pure function of
its arguments.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from mobilekit.demo import _features, _layers
from mobilekit.demo._color import F32, light_color, srgb_bytes
from mobilekit.demo._geometry import Grid, Head, cover, ellipsoid, make_grid, make_head, smooth
from mobilekit.demo._params import HAIR_STYLES, Identity, Scene

__all__ = ["HAIR_STYLES", "Identity", "Scene", "render"]


def render(identity: Identity, scene: Scene, *, size: int = 512) -> npt.NDArray[np.uint8]:
    """The portrait of a person in a scene: size×size×3 uint8, sRGB."""
    grid = make_grid(scene, size)
    canvas = _layers.background(scene, size)
    rows, columns = _window(grid, (-1.75, 1.65), (-1.45, 1.45))
    body, view = grid.crop(rows, columns), canvas[:, rows, columns]
    behind = _layers.hair_behind(identity, body)
    hair = shade(scene, _layers.hair_albedo(identity, body), _hair_normal(identity, body), 0.25)
    shadow = 1.0 - np.float32(0.45) * smooth(-0.35, 0.5, body.y)
    _features.paint(view, hair * shadow, cover(behind, body.pixel))
    _draw_body(identity, scene, grid, canvas)
    _draw_head(identity, scene, body, view, behind=behind, hair=hair)
    return srgb_bytes(canvas)


def shade(scene: Scene, albedo: F32, normal: F32, gloss: float) -> F32:
    """Linear RGB 3×H×W of a surface in the scene's light (diffuse wrap 0.25)."""
    azimuth, elevation = scene.light_azimuth, scene.light_elevation
    light = np.array(
        (
            math.sin(azimuth) * math.cos(elevation),
            -math.sin(elevation),
            math.cos(azimuth) * math.cos(elevation),
        )
    )
    middle = light + np.array((0.0, 0.0, 1.0))
    halfway = middle / np.linalg.norm(middle)
    facing = _dot(normal, light)
    diffuse = np.maximum(facing * np.float32(0.8) + np.float32(0.2), 0.0) * np.float32(scene.light_intensity)
    shine = np.maximum(_dot(normal, halfway), 0.0)
    for _ in range(4):
        shine = shine * shine
    shine = shine * np.float32(gloss * scene.light_intensity * 0.3)
    result = np.empty_like(albedo)
    tints = zip(light_color(scene.light_kelvin), (0.96, 1.0, 1.06), strict=True)
    for index, (tint, fill) in enumerate(tints):
        lit = diffuse * np.float32(tint) + np.float32(scene.ambient * fill)
        np.multiply(albedo[index], lit, out=result[index])
        result[index] += shine * np.float32(tint)
    return result


def _dot(normal: F32, direction: npt.NDArray[np.float64]) -> F32:
    """H×W cosine between a normal map and a direction."""
    x, y, z = (np.float32(c) for c in direction)
    result: F32 = normal[0] * x + normal[1] * y + normal[2] * z
    return result


def _window(grid: Grid, rows: tuple[float, float], columns: tuple[float, float]) -> tuple[slice, slice]:
    """The slices that hold a box of head units, roll included."""
    inside = (grid.y > rows[0]) & (grid.y < rows[1]) & (grid.x > columns[0]) & (grid.x < columns[1])
    slices = []
    for axis in (1, 0):
        index = np.flatnonzero(inside.any(axis=axis))
        slices.append(slice(int(index[0]), int(index[-1]) + 1))
    return slices[0], slices[1]


def _hair_normal(identity: Identity, grid: Grid) -> F32:
    """Normals of a ball of hair around the head."""
    width = identity.face_width + 0.25
    return ellipsoid(grid.x * np.float32(0.85 / width), (grid.y + np.float32(0.1)) * np.float32(0.75))


def _draw_body(identity: Identity, scene: Scene, grid: Grid, canvas: F32) -> None:
    """Shoulders, then the neck over them."""
    rows = slice(int(np.searchsorted(grid.flat_y[:, 0], 0.4)), None)
    part, view = grid.crop(rows, slice(None)), canvas[:, rows]
    alpha, albedo, normal = _layers.torso(scene, part)
    _features.paint(view, shade(scene, albedo, normal, 0.0), alpha)
    alpha, albedo, normal = _layers.neck(identity, part)
    _features.paint(view, shade(scene, albedo, normal, 0.05), alpha)


def _draw_head(identity: Identity, scene: Scene, body: Grid, canvas: F32, *, behind: F32, hair: F32) -> None:
    """Ears, face, then the hair in front, into the crop of the canvas around the head."""
    rows, columns = _window(body, (-1.12, 1.15), (-1.0, 1.0))
    part, view = body.crop(rows, columns), canvas[:, rows, columns]
    head = make_head(identity, scene, part)
    skin = np.empty_like(view)
    _paint_face(skin, identity, scene, head, part.pixel)
    lit = shade(scene, skin, _features.relief(identity, head, part.pixel), 0.35)
    _features.paint(view, lit * np.float32(0.8), _layers.ears(identity, scene, part))
    front = _layers.hair_front(identity, head, part, behind[rows, columns])
    fringe_shadow = np.roll(front, max(1, round(0.07 / part.pixel)), axis=0)
    lit *= 1.0 - np.float32(0.3) * fringe_shadow
    _features.paint(view, lit, cover(head.distance, part.pixel))
    _features.paint(view, hair[:, rows, columns], front)


def _paint_face(skin: F32, identity: Identity, scene: Scene, head: Head, pixel: float) -> None:
    """The unlit colours of the face, 3×H×W in place."""
    _features.paint_skin(skin, identity, head)
    _features.paint_nose(skin, identity, head, scene)
    _features.paint_beard(skin, identity, head)
    _features.paint_mouth(skin, identity, scene, head, pixel)
    _features.paint_eyes(skin, identity, scene, head, pixel)
    _features.paint_brows(skin, identity, scene, head)
    _features.paint_glasses(skin, identity, head, pixel)
