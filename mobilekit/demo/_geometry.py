"""Pixel grids, soft masks and the pseudo-3D head of the procedural faces."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mobilekit.demo._color import F32
from mobilekit.demo._params import Identity, Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Pixel centres in head units: `x` right, `y` down (before roll: `flat_x`, `flat_y`).

    All arrays are H×W float32; `pixel` is the width of one pixel in head units.
    """

    x: F32
    y: F32
    flat_x: F32
    flat_y: F32
    pixel: float

    def crop(self, rows: slice, columns: slice) -> Grid:
        """The same grid, only some rows and columns."""
        part = (rows, columns)
        return Grid(
            x=self.x[part],
            y=self.y[part],
            flat_x=self.flat_x[part],
            flat_y=self.flat_y[part],
            pixel=self.pixel,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The head over a grid: outline distance, ellipsoid normal and face coordinates.

    `distance` is signed, negative inside, in head units. `normal` is 3×H×W (x right,
    y down, z to the viewer). `u`, `v` are coordinates on the turned face: 0, 0 is its
    centre, `v` = 1 the chin. `width` is the head's half width.
    """

    distance: F32
    normal: F32
    u: F32
    v: F32
    width: float


def make_grid(scene: Scene, size: int) -> Grid:
    """The grid of a square picture under the scene's offset, scale and roll."""
    axis = (np.arange(size, dtype=np.float32) + 0.5) * (2.0 / size) - 1.0
    flat_x = np.broadcast_to((axis - scene.offset_x) / scene.scale, (size, size))
    flat_y = np.broadcast_to(((axis - scene.offset_y) / scene.scale)[:, None], (size, size))
    cos, sin = math.cos(scene.roll), math.sin(scene.roll)
    x = (cos * flat_x + sin * flat_y).astype(np.float32)
    y = (cos * flat_y - sin * flat_x).astype(np.float32)
    return Grid(x=x, y=y, flat_x=flat_x, flat_y=flat_y, pixel=2.0 / size / scene.scale)


def smooth(edge0: float, edge1: float, value: F32) -> F32:
    """Hermite step from 0 at `edge0` to 1 at `edge1`."""
    t = np.clip((value - edge0) * np.float32(1.0 / (edge1 - edge0)), 0.0, 1.0)
    result: F32 = t * t * (3.0 - 2.0 * t)
    return result


def cover(distance: F32, pixel: float) -> F32:
    """Antialiased coverage 0..1 of a signed distance (negative inside)."""
    result: F32 = np.clip(0.5 - distance * np.float32(1.0 / pixel), 0.0, 1.0)
    return result


def bump(x: F32, y: F32, radius_x: float, radius_y: float) -> F32:
    """A Gaussian hill of height 1."""
    result: F32 = np.exp(-(np.square(x * np.float32(1 / radius_x)) + np.square(y * np.float32(1 / radius_y))))
    return result


def ellipse(x: F32, y: F32, radius_x: float, radius_y: float) -> F32:
    """Approximate signed distance to an axis-aligned ellipse at the origin."""
    q = np.sqrt(np.square(x * np.float32(1 / radius_x)) + np.square(y * np.float32(1 / radius_y)))
    result: F32 = (q - 1.0) * np.float32(min(radius_x, radius_y))
    return result


def union(first: F32, second: F32, blend: float = 0.1) -> F32:
    """Smooth minimum of two distances (I. Quilez, "smooth minimum", polynomial form)."""
    h = np.maximum(blend - np.abs(first - second), 0.0) * np.float32(1 / blend)
    result: F32 = np.minimum(first, second) - h * h * np.float32(blend * 0.25)
    return result


def ellipsoid(x: F32, y: F32) -> F32:
    """Unit-ball normals 3×H×W over unit-disc coordinates, flat at the rim."""
    z = np.sqrt(np.maximum(1.0 - x * x - y * y, 0.02))
    scale = 1.0 / np.sqrt(x * x + y * y + z * z)
    return np.stack((x * scale, y * scale, z * scale))


def outline(person: Identity, scene: Scene, x: F32, y: F32) -> tuple[F32, F32, F32]:
    """Unit-disc coordinates of the head outline, and its radius (1 on the outline)."""
    low = smooth(0.0, 0.95, y)
    high = smooth(0.0, 0.9, -y)
    bulge = 1.0 + 0.07 * person.cheek * np.exp(-np.square((y - 0.22) * 4.0))
    wide = (1.0 + low * (person.jaw - 1.0) + high * (person.forehead - 1.0)) * bulge
    a = x / (wide * person.face_width)
    b = y / np.where(y > 0, np.float32(1.0 + 0.06 * scene.mouth_open), np.float32(1.0))
    power = np.where(y > 0, np.float32(person.chin), np.float32(2.2))
    q = (np.abs(a) ** power + np.abs(b) ** power) ** (1.0 / power)
    return a, b, q


def make_head(person: Identity, scene: Scene, grid: Grid) -> Head:
    """The head of a person in a pose, over a grid (usually cropped around it)."""
    a, b, q = outline(person, scene, grid.x, grid.y)
    z = np.sqrt(np.maximum(1.0 - q * q, 0.0))
    width = person.face_width
    u = grid.x * math.cos(scene.yaw) - z * (math.sin(scene.yaw) * width)
    v = grid.y * math.cos(scene.pitch) - z * (math.sin(scene.pitch) * 0.8)
    inner = np.minimum(1.0, 0.985 / np.maximum(q, 1e-3))
    return Head(
        distance=(q - 1.0) * np.float32(width),
        normal=ellipsoid(a * inner * 0.92, b * inner * 0.86),
        u=u.astype(np.float32),
        v=v.astype(np.float32),
        width=width,
    )
