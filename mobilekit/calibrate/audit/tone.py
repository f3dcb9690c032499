"""Skin tone: the Individual Typology Angle of a face's lit skin, its group and its Monk tone.

The angle is ITA = arctan((L* - 50) / b*) in degrees (Chardon, Cretois and Hourseau 1991), the six
groups and their bounds those of Del Bino and Bernerd 2013. A photo is no colorimeter: exposure and
white balance move the angle, by 10 to 30 degrees in ordinary photos, so that the tone of one photo
is an estimate and three groups are what a verdict should rest on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from mobilekit.calibrate.audit.colour import lab, linear, luminance
from mobilekit.calibrate.audit.skin import Evidence, find_skin
from mobilekit.calibrate.audit.thumbnail import thumbnail

if TYPE_CHECKING:
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]
    Pixels = npt.NDArray[np.uint8]

SkinGroup = Literal["light", "medium", "dark"]
SKIN_GROUPS: tuple[SkinGroup, ...] = get_args(SkinGroup)
"""ITA above 28 (Monk 1 to 5), 28 to -30 (Monk 6 and 7), under -30 (Monk 8 to 10)."""

_BOUNDS: tuple[tuple[float, str, SkinGroup], ...] = (
    (55.0, "very light", "light"),
    (41.0, "light", "light"),
    (28.0, "intermediate", "light"),
    (10.0, "tan", "medium"),
    (-30.0, "brown", "medium"),
    (-math.inf, "dark", "dark"),
)

ITA_GROUPS = tuple(name for _, name, _ in _BOUNDS)

# The Monk Skin Tone Scale's published swatches, tones 1 to 10 (Ellis Monk 2022, skintone.google).
_MONK = "f6ede4 f3e7db f7ead0 eadaba d7bd96 a07e56 825c43 604134 3a312a 292420"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """The tone of a photo's skin: ITA in degrees, its published group, the Monk tone of nearest ITA.

    ``group`` joins the published groups to three, coarse enough for one photo to tell.
    """

    ita: float
    ita_group: str
    monk: int
    group: SkinGroup
    evidence: Evidence


def skin_group(pixels: Pixels) -> SkinGroup | None:
    """The skin-tone group of the faces in a photo (H×W×3 uint8, sRGB); None if no skin is found.

    Groups are `SKIN_GROUPS`. Takes some 20 ms, whatever the photo's size.
    """
    tone = tone_of(thumbnail(pixels))
    return tone.group if tone is not None else None


def tone_of(small: Pixels) -> Tone | None:
    """The tone of the skin in a thumbnail; None if no skin is found."""
    skin = find_skin(small)
    if skin.evidence is None:
        return None
    return tone_of_angle(typology_angle(small, skin.mask), evidence=skin.evidence)


def tone_of_angle(ita: float, *, evidence: Evidence = "face") -> Tone:
    """The tone of an Individual Typology Angle in degrees."""
    name, group = next((name, group) for bound, name, group in _BOUNDS if ita > bound)
    monk = 1 + sum(ita < bound for bound in monk_bounds())
    return Tone(ita=ita, ita_group=name, monk=monk, group=group, evidence=evidence)


def typology_angle(pixels: Pixels, mask: Mask) -> float:
    """The Individual Typology Angle of the lit half of the pixels in ``mask``, -90 to 90 degrees.

    The median of those between the 50th and the 90th percentile of luminance: shade and shine tell
    of the light. Where a cold light leaves no yellow the angle is 90 or -90.
    """
    chosen = linear(pixels[mask])
    bright = luminance(chosen)
    low, high = np.percentile(bright, [50, 90])
    lightness, _, yellow = np.median(lab(chosen[(bright >= low) & (bright <= high)]), axis=0)
    return math.degrees(math.atan2(float(lightness) - 50.0, max(float(yellow), 1e-6)))


@cache
def monk_bounds() -> tuple[float, ...]:
    """The nine angles halfway between neighbouring swatches of the Monk scale, falling."""
    swatches = np.frombuffer(bytes.fromhex(_MONK), dtype=np.uint8).reshape(10, 1, 1, 3)
    angles = [typology_angle(swatch, np.ones((1, 1), dtype=bool)) for swatch in swatches]
    return tuple((first + second) / 2 for first, second in pairwise(angles))
