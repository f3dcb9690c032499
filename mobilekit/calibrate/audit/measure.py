"""Everything that the audit measures on one photo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.calibrate.audit import blur, grain
from mobilekit.calibrate.audit.light import Light, light_of
from mobilekit.calibrate.audit.skin import find_skin
from mobilekit.calibrate.audit.thumbnail import thumbnail
from mobilekit.calibrate.audit.tone import Tone, tone_of_angle, typology_angle

if TYPE_CHECKING:
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]
    Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """One photo: its light, sharpness (of the face, where there is one), and its skin's tone if any.

    ``skin_share`` is the share of the picture that is skin of a face; ``faces`` how many were seen;
    ``smooth_share`` how much of it has no grain, see `grain`.
    """

    light: Light
    sharpness: float
    skin_share: float
    faces: int
    smooth_share: float
    tone: Tone | None

    @property
    def looks_drawn(self) -> bool:
        """Whether no camera took the picture, as far as grain can tell."""
        return self.smooth_share > grain.DRAWN

    def to_dict(self) -> dict[str, Any]:
        """As JSON: numbers rounded to what they can tell, so that they are the same on every machine."""
        said = {
            "brightness": round(self.light.brightness, 1),
            "contrast": round(self.light.contrast, 1),
            "colour_temperature_k": round(self.light.kelvin, -1),
            "over_exposed": round(self.light.over, 3),
            "under_exposed": round(self.light.under, 3),
            "backlit": self.light.backlit,
            "sharpness": round(self.sharpness, 1),
            "skin_share": round(self.skin_share, 3),
            "faces": self.faces,
            "looks_drawn": self.looks_drawn,
        }
        tone = asdict(self.tone) | {"ita": round(self.tone.ita, 1)} if self.tone else None
        return said | {"skin": tone}


def measures_as_json(measures: Measures) -> dict[str, Any]:
    """Every number as it is, for `measures_from_json`."""
    return asdict(measures)


def measures_from_json(plain: Mapping[str, Any]) -> Measures:
    """What `measures_as_json` gave."""
    tone = Tone(**plain["tone"]) if plain["tone"] is not None else None
    return Measures(**{**plain, "light": Light(**plain["light"]), "tone": tone})


def measure(pixels: Pixels) -> Measures:
    """Measure a photo (H×W×3 uint8, sRGB): about 20 ms, whatever its size."""
    small = thumbnail(pixels)
    skin = find_skin(small)
    tone = None
    if skin.evidence is not None:
        tone = tone_of_angle(typology_angle(small, skin.mask), evidence=skin.evidence)
    return Measures(
        light=light_of(small, without=skin.mask),
        sharpness=blur.sharpness(pixels, window=_window(skin.mask)),
        skin_share=float(skin.mask.mean()),
        faces=len(skin.faces),
        smooth_share=grain.smooth_share(pixels),
        tone=tone,
    )


def _window(mask: Mask) -> tuple[float, float, float, float] | None:
    """The box around a mask as shares of its sides; None if it is empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    height, width = mask.shape
    return rows[0] / height, columns[0] / width, (rows[-1] + 1) / height, (columns[-1] + 1) / width
