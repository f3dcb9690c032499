"""What surrounds the face: background, shoulders, neck, ears and hair."""

from __future__ import annotations

import math

import numpy as np

from mobilekit.demo._color import CLOTH_HEX, F32, RGB, linear_from_hex, mix, scaled
from mobilekit.demo._features import hair_color, paint, skin_color
from mobilekit.demo._geometry import Grid, Head, cover, ellipse, ellipsoid, smooth, union
from mobilekit.demo._params import Identity, Scene

# Per hair style: how far it stands off the head, how far down it falls (None: not below
# the ears), the hairline `v`, how much the hairline leans, and how wavy the edge is.
HAIR_SHAPE: dict[str, tuple[float, float | None, float, float, float]] = {
    "short": (0.06, None, -0.60, 0.0, 0.0),
    "swept": (0.13, None, -0.58, 0.35, 0.004),
    "fringe": (0.09, None, -0.36, 0.0, 0.006),
    "bob": (0.14, 0.62, -0.52, 0.2, 0.006),
    "long": (0.11, 1.55, -0.58, -0.25, 0.01),
    "bun": (0.05, None, -0.62, 0.0, 0.0),
    "afro": (0.36, None, -0.55, 0.0, 0.022),
}


def _random_color(rng: np.random.Generator) -> RGB:
    """A muted background colour in linear light."""
    hue, light = rng.uniform(0, 2 * math.pi), rng.uniform(0.08, 0.5)
    red, green, blue = (light * (1 + 0.55 * math.cos(hue - k * 2.094)) for k in range(3))
    return red, green, blue


def background(scene: Scene, size: int) -> F32:
    """A gradient with soft discs out of focus, linear RGB 3×H×W."""
    rng = np.random.default_rng((scene.background_seed, 3))
    axis = (np.arange(size, dtype=np.float32) + 0.5) * np.float32(2.0 / size) - np.float32(1.0)
    angle = rng.uniform(0, 2 * math.pi)
    across = axis * np.float32(math.cos(angle)) + axis[:, None] * np.float32(math.sin(angle))
    ramp = across * np.float32(0.36) + np.float32(0.5)
    first, second = _random_color(rng), _random_color(rng)
    canvas = np.empty((3, size, size), np.float32)
    for index, (low, high) in enumerate(zip(first, second, strict=True)):
        np.multiply(ramp, np.float32(high - low), out=canvas[index])
        canvas[index] += np.float32(low)
    for _ in range(int(rng.integers(3, 7))):
        _disc(canvas, axis, rng)
    return np.maximum(canvas, np.float32(0.01))


def _disc(canvas: F32, axis: F32, rng: np.random.Generator) -> None:
    """Add one blurred disc, touching only the pixels it covers."""
    x, y, radius, edge = (float(rng.uniform(*r)) for r in ((-1, 1), (-1, 1), (0.12, 0.4), (0.3, 0.8)))
    color, alpha = _random_color(rng), np.float32(rng.uniform(0.25, 0.6))
    columns = slice(*np.searchsorted(axis, (x - radius, x + radius)).tolist())
    rows = slice(*np.searchsorted(axis, (y - radius, y + radius)).tolist())
    distance = np.sqrt(np.square(axis[columns] - x) + np.square(axis[rows, None] - y))
    paint(canvas[:, rows, columns], color, alpha * smooth(radius, radius * (1 - edge), distance))


def torso(scene: Scene, grid: Grid) -> tuple[F32, F32, F32]:
    """Coverage H×W, albedo 3×H×W and normal 3×H×W of the clothed shoulders."""
    x, y = grid.flat_x, grid.flat_y - np.float32(2.15)
    alpha = cover(ellipse(x, y, 1.55, 0.92), grid.pixel)
    color = np.array(linear_from_hex(CLOTH_HEX[scene.cloth_color]), np.float32).reshape(3, 1, 1)
    collar = np.exp(-np.square(ellipse(x, y + 0.95, 0.5, 0.26) * 14.0))
    albedo = color * (1.0 - np.float32(0.45) * collar)
    return alpha, albedo, ellipsoid(x * np.float32(0.55), y * np.float32(0.8))


def neck(person: Identity, grid: Grid) -> tuple[F32, F32, F32]:
    """Coverage, albedo (shadowed under the chin) and normal of the neck."""
    half = 0.56 * person.face_width * (0.6 + 0.4 * person.jaw)
    x, y = grid.flat_x, grid.flat_y
    flare = half + 0.3 * np.square(smooth(0.95, 1.6, y))
    sides = np.maximum(np.abs(x) - flare, 0.4 - y)
    base = np.where(y > 1.2, ellipse(x, y - np.float32(1.2), 0.56, 0.3), np.float32(-1.0))
    alpha = cover(np.maximum(sides, base), grid.pixel)
    shade = 1.0 - 0.62 * (1.0 - smooth(0.9, 1.4, y))
    albedo = np.array(skin_color(person), np.float32).reshape(3, 1, 1) * shade
    return alpha, albedo, ellipsoid(x * np.float32(0.8 / half), 0 * y + np.float32(0.15))


def ears(person: Identity, scene: Scene, grid: Grid) -> F32:
    """Coverage of both ears, shifted against the turn of the head."""
    shift = 0.16 * math.sin(scene.yaw)
    y = grid.y - np.float32(0.04 - 0.25 * math.sin(scene.pitch))
    left = ellipse(grid.x + np.float32(person.face_width * 0.99 + shift), y, 0.13, 0.22)
    right = ellipse(grid.x - np.float32(person.face_width * 0.99 - shift), y, 0.13, 0.22)
    return cover(np.minimum(left, right), grid.pixel)


def hair_behind(person: Identity, grid: Grid) -> F32:
    """Signed distance of the hair behind the head."""
    if person.hair_style == "bald":
        return np.full_like(grid.x, 9.0)
    off, fall, _, _, wave = HAIR_SHAPE[person.hair_style]
    off = off * (0.7 + 0.6 * person.hair_volume)
    width = person.face_width * max(person.forehead, 1.0) + off
    distance = ellipse(grid.x, grid.y + np.float32(0.18), width, 0.86 + off)
    if person.hair_style == "bun":
        distance = union(distance, ellipse(grid.x, grid.y + np.float32(1.22), 0.3, 0.27), 0.06)
    if fall is not None:
        drop = np.maximum(np.abs(grid.x) - np.float32(width * 0.97), np.abs(grid.y - 0.5 * fall) - 0.5 * fall)
        distance = union(distance, drop, 0.2)
    if wave > 0:
        distance = distance + np.float32(wave) * np.sin(grid.x * 17.0) * np.sin(grid.y * 19.0 + 1.0)
    return distance


def hair_front(person: Identity, head: Head, grid: Grid, behind: F32) -> F32:
    """Coverage of the hair in front of the face, above the hairline."""
    if person.hair_style == "bald":
        return np.zeros_like(grid.x)
    _, fall, line, lean, wave = HAIR_SHAPE[person.hair_style]
    side = np.abs(head.u) * np.float32(1.0 / head.width)
    reach = 0.45 if fall is None else 1.2
    edge = (line + person.hairline) + reach * smooth(0.55, 0.98, side) + np.float32(lean) * head.u
    edge = edge + np.float32(4 * wave) * np.sin(head.u * 23.0)
    limit = np.maximum(behind, (head.v - edge) * np.float32(0.8))
    if fall is None:
        limit = np.maximum(limit, (grid.y - 0.12) * np.float32(0.6))
    return cover(limit, max(grid.pixel, 0.02))


def hair_albedo(person: Identity, grid: Grid) -> F32:
    """Hair colour 3×H×W with broad strands."""
    color = hair_color(person)
    curly = person.hair_style == "afro"
    strand = np.sin(grid.x * 31.0 + 2.0 * np.sin(grid.y * 3.0))
    strand = strand * np.sin(grid.y * 33.0 + grid.x * 9.0) if curly else strand
    base = np.array(color, np.float32).reshape(3, 1, 1)
    tip = np.array(scaled(mix(color, (0.5, 0.4, 0.3), 0.12), 1.35), np.float32).reshape(3, 1, 1)
    result: F32 = base + (tip - base) * (0.5 + 0.22 * strand)
    return result
