"""The face itself: eyes, brows, nose, mouth, beard, glasses, as colour and relief.

Every function paints linear RGB 3×H×W in place; coordinates are those of `Head`.
"""

from __future__ import annotations

import math

import numpy as np

from mobilekit.demo._color import (
    F32,
    HAIR_HEX,
    IRIS_HEX,
    MONK_HEX,
    RGB,
    linear_from_hex,
    mix,
    scaled,
)
from mobilekit.demo._geometry import Head, bump, cover, ellipse, smooth
from mobilekit.demo._params import Identity, Scene

EYE_V = -0.06
MOUTH_V = 0.52


def skin_color(person: Identity) -> RGB:
    """The linear skin colour: the Monk tone, a little warmer or cooler."""
    red, green, blue = linear_from_hex(MONK_HEX[person.monk - 1])
    warm = 0.05 * person.undertone
    return red * (1 + warm), green, blue * (1 - warm)


def hair_color(person: Identity) -> RGB:
    """The linear hair colour."""
    return linear_from_hex(HAIR_HEX[person.hair_color])


def paint(canvas: F32, color: RGB | F32, alpha: F32) -> None:
    """Blend a colour (one, or 3×H×W) over the canvas, coverage H×W."""
    value = np.array(color, np.float32).reshape(3, 1, 1) if isinstance(color, tuple) else color
    canvas += (value - canvas) * alpha


def relief(person: Identity, head: Head, pixel: float) -> F32:
    """Head normals 3×H×W with nose, brow, cheek and lip relief added."""
    u, v = head.u, head.v
    side = np.abs(u)
    tip_v, wide = nose_tip(person), person.nose_width
    ridge = np.exp(-np.square(u * (1 / (0.62 * wide))))
    height = 0.13 * ridge * smooth(-0.16, tip_v, v) * (1 - smooth(tip_v, tip_v + 0.09, v))
    height += 0.07 * bump(side - 0.75 * wide, v - tip_v, 0.5 * wide, 0.07)
    height -= 0.09 * bump(side - person.eye_distance, v - EYE_V, 0.2, 0.15)
    height += 0.07 * bump(side - 0.4, v - 0.24, 0.2, 0.2) * (0.4 + 0.6 * person.cheek)
    height += 0.05 * bump(u, v - MOUTH_V, person.mouth_width, 0.12)
    height += 0.06 * bump(u, v - 0.86, 0.2, 0.14)
    height -= 0.05 * bump(u, v - 0.69, 0.2, 0.05)
    normal = head.normal.copy()
    step = np.float32(0.5 / pixel)
    normal[0, :, 1:-1] -= (height[:, 2:] - height[:, :-2]) * step
    normal[1, 1:-1] -= (height[2:] - height[:-2]) * step
    normal *= 1.0 / np.sqrt(np.square(normal).sum(axis=0))
    return normal


def nose_tip(person: Identity) -> float:
    """The height `v` of the tip of the nose."""
    return EYE_V + person.nose_length


def paint_skin(canvas: F32, person: Identity, head: Head) -> None:
    """Skin with blush, freckles and the shade of the eye sockets."""
    skin = skin_color(person)
    canvas[:] = np.array(skin, np.float32).reshape(3, 1, 1)
    side = np.abs(head.u)
    blush = mix(skin, (skin[0] * 0.95, skin[1] * 0.55, skin[2] * 0.5), 0.6)
    paint(canvas, blush, 0.5 * bump(side - 0.42, head.v - 0.26, 0.2, 0.16))
    paint(canvas, scaled(skin, 0.55), 0.5 * bump(side - person.eye_distance, head.v - EYE_V, 0.2, 0.13))
    if person.freckles > 0.05:
        dots = np.sin(head.u * 61.0 + 3 * np.sin(head.v * 37.0)) * np.sin(head.v * 67.0 + head.u * 11.0)
        zone = bump(side - 0.25, head.v - 0.2, 0.26, 0.16)
        paint(canvas, scaled(skin, 0.45), smooth(0.55, 0.8, dots) * zone * (0.8 * person.freckles))


def paint_nose(canvas: F32, person: Identity, head: Head, scene: Scene) -> None:
    """Nostrils, and the shadow the nose casts away from the light."""
    tip, wide, skin = nose_tip(person), person.nose_width, skin_color(person)
    cast_u = head.u + 0.1 * math.sin(scene.light_azimuth)
    cast_v = head.v - tip - 0.05 - 0.05 * scene.light_elevation
    shade = bump(cast_u, cast_v, 0.95 * wide, 0.055)
    paint(canvas, scaled(skin, 0.4), 0.42 * shade)
    nostril = bump(np.abs(head.u) - 0.52 * wide, head.v - tip - 0.045, 0.25 * wide, 0.024)
    paint(canvas, scaled(skin, 0.12), 0.85 * nostril)


def paint_eyes(canvas: F32, person: Identity, scene: Scene, head: Head, pixel: float) -> None:
    """Both eyes at once (mirrored), with lids, lashes, iris, pupil and catchlight."""
    half = 0.155 * person.eye_size
    side = np.abs(head.u) - person.eye_distance
    x = side / half
    y = head.v - EYE_V + person.eye_tilt * side
    arc = np.maximum(1.0 - x * x, 0.0)
    lid = 0.088 * person.eye_size * (1.0 - scene.eye_closure)
    upper, lower = y + lid * arc, y - 0.055 * person.eye_size * arc
    inside = np.clip(upper / pixel + 0.5, 0, 1) * np.clip(0.5 - lower / pixel, 0, 1)
    inside *= np.abs(x) < 1.0
    paint(canvas, (0.82, 0.8, 0.77), inside * (1.0 - 0.5 * np.exp(-upper * 18.0).clip(0, 1)))
    _paint_iris(canvas, person, scene, head, pixel=pixel, inside=inside)
    near = np.abs(x) < 1.18
    lash = cover(np.abs(upper) - 0.02, pixel) * near * np.maximum(1.15 - x * x * 0.75, 0.0).clip(0, 1)
    paint(canvas, (0.012, 0.009, 0.008), 0.95 * lash)
    crease = np.exp(-np.square((upper + 0.05) * 38.0)) * near
    paint(canvas, scaled(skin_color(person), 0.35), 0.45 * crease)
    paint(canvas, scaled(skin_color(person), 0.5), 0.4 * np.exp(-np.square((lower - 0.02) * 50.0)) * near)


def _paint_iris(
    canvas: F32, person: Identity, scene: Scene, head: Head, *, pixel: float, inside: F32
) -> None:
    """Iris, pupil and catchlight where the eye is open (`inside`)."""
    sign = np.where(head.u < 0, np.float32(-1), np.float32(1))
    x = head.u - sign * person.eye_distance - 0.045 * scene.gaze
    y = head.v - EYE_V + 0.012
    radius = 0.078 * person.eye_size
    distance = np.sqrt(x * x + y * y)
    iris = linear_from_hex(IRIS_HEX[person.iris_color])
    paint(canvas, scaled(iris, 0.3), inside * cover(distance - radius, pixel))
    paint(canvas, scaled(iris, 1.25), inside * cover(distance - 0.84 * radius, pixel))
    paint(canvas, (0.004, 0.004, 0.004), inside * cover(distance - 0.45 * radius, pixel))
    spot_x = x - 0.035 * math.sin(scene.light_azimuth)
    spot = np.sqrt(np.square(spot_x) + np.square(y + 0.03))
    paint(canvas, (1.6, 1.6, 1.6), inside * cover(spot - 0.02, pixel))


def paint_brows(canvas: F32, person: Identity, scene: Scene, head: Head) -> None:
    """Both eyebrows, thinner outwards."""
    side = np.abs(head.u) - person.eye_distance
    t = side * (1 / 0.21)
    middle = EYE_V - 0.2 - 0.05 * scene.brow_raise - 0.06 * person.brow_arch * (1 - np.square(t - 0.25))
    middle = middle - 0.2 * person.eye_tilt * side + 0.024 * t
    thick = 0.034 * person.brow_thickness * (1.0 - 0.45 * smooth(-0.2, 1.1, t))
    alpha = 1.0 - smooth(0.75, 1.3, np.abs(head.v - middle) / thick)
    alpha *= smooth(-1.15, -0.85, t) * (1.0 - smooth(0.95, 1.15, t))
    color = mix(hair_color(person), (0.02, 0.014, 0.01), 0.55)
    paint(canvas, color, 0.92 * alpha)


def paint_mouth(canvas: F32, person: Identity, scene: Scene, head: Head, pixel: float) -> None:
    """Lips, and teeth and dark between them when open."""
    x = head.u * (1.0 / (person.mouth_width * (1.0 + 0.14 * scene.smile)))
    square = np.minimum(x * x, 1.5)
    arc = np.maximum(1.0 - square, 0.0)
    y = head.v - MOUTH_V + 0.075 * scene.smile * (square - 0.4)
    gap = 0.13 * scene.mouth_open * arc
    bow = 1.0 - 0.3 * np.exp(-np.square(x * 6.0))
    top = y + (0.058 * person.lip_fullness * bow) * arc**0.7
    bottom = y - gap - 0.078 * person.lip_fullness * arc**0.8
    lips = np.clip(top / pixel + 0.5, 0, 1) * np.clip(0.5 - bottom / pixel, 0, 1) * (np.abs(x) < 1)
    skin = skin_color(person)
    stick = (0.12 + 0.35 * skin[0], 0.02, 0.04)
    natural = (skin[0] * 0.75 + 0.02, skin[1] * 0.42, skin[2] * 0.42)
    tint = mix(natural, stick, 0.6 * person.lip_tint)
    paint(canvas, tint, lips)
    paint(canvas, scaled(tint, 0.6), lips * smooth(0.01, -0.02, y) * 0.6)
    hole = np.clip(y / pixel + 0.5, 0, 1) * np.clip(0.5 - (y - gap) / pixel, 0, 1) * (np.abs(x) < 0.98)
    paint(canvas, (0.03, 0.008, 0.008), hole * (gap > 0))
    paint(canvas, (0.75, 0.72, 0.66), hole * (1 - smooth(0.03, 0.045, y)) * smooth(0.02, 0.04, gap))
    line = np.exp(-np.square(y * 70.0)) * (np.abs(x) < 1.06) + 0 * gap
    paint(canvas, scaled(tint, 0.15), 0.75 * line * (1 - smooth(0.0, 0.03, gap)))
    corner = bump(np.abs(x) - 1.04, y, 0.09, 0.035)
    paint(canvas, scaled(skin, 0.35), 0.55 * corner)


def paint_beard(canvas: F32, person: Identity, head: Head) -> None:
    """Beard over jaw, chin and upper lip."""
    if person.beard < 0.05:
        return
    side = np.abs(head.u)
    jaw = smooth(0.3, 0.62, head.v + 0.75 * np.square(side) - 0.12)
    bare = bump(head.u, head.v - MOUTH_V - 0.02, person.mouth_width * 1.25, 0.13)
    alpha = jaw * (1.0 - smooth(0.35, 0.6, bare))
    lip = bump(head.u, head.v - MOUTH_V + 0.13, person.mouth_width * 0.95, 0.05)
    grain = 0.98 + 0.02 * np.sin(head.u * 47.0) * np.sin(head.v * 41.0)
    alpha = np.maximum(alpha, lip) * grain * min(0.95, 0.35 + 0.7 * person.beard)
    paint(canvas, mix(hair_color(person), (0.02, 0.014, 0.01), 0.35), alpha)


def paint_glasses(canvas: F32, person: Identity, head: Head, pixel: float) -> None:
    """Frames, bridge and a faint glint."""
    if person.glasses == 0:
        return
    side = np.abs(head.u) - person.eye_distance - 0.01
    y = head.v - EYE_V - 0.01
    if person.glasses == 1:
        rim = ellipse(side, y, 0.225, 0.215)
    else:
        rim = np.maximum(np.abs(side) - 0.235, np.abs(y) - 0.165) + np.float32(0)
    bridge = np.maximum(np.abs(head.v - EYE_V + 0.05) - 0.02, np.abs(head.u) - (person.eye_distance - 0.2))
    temple = np.maximum(np.abs(head.v - EYE_V + 0.06) - 0.02, person.eye_distance + 0.22 - np.abs(head.u))
    frame = np.minimum(np.minimum(np.abs(rim) - 0.022, bridge), temple)
    paint(canvas, (0.9, 0.95, 1.0), 0.07 * cover(rim, pixel))
    paint(canvas, (0.03, 0.022, 0.02), cover(frame, pixel))
