"""The light in a photo: its colour, its amount, and where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

_MINKOWSKI = 4
_CLIPPED = 0.95


def surround_gains(light: Floats) -> Floats:
    """Gains of R, G and B that take half of the estimated cast out of linear RGB (H×W×3).

    Shades of grey (Finlayson and Trezzi 2004) over what is not clipped. Half, because a face that
    fills the picture is a cast of its own.
    """
    pixels = light.reshape(-1, 3)
    kept = pixels[pixels.max(axis=1) < _CLIPPED]
    chosen = kept if len(kept) > len(pixels) // 50 else pixels
    estimate = np.mean(chosen**_MINKOWSKI, axis=0) ** (1 / _MINKOWSKI) + 1e-4
    gains: Floats = ((estimate / estimate.mean()) ** -0.5).astype(np.float32)
    return gains
