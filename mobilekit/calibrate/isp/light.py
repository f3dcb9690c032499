"""Light on its way to the sensor: uneven illumination and the lens's glare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from mobilekit.calibrate.isp.profile import Scene

    Planes = npt.NDArray[np.float32]


def illuminate(planes: Planes, scene: Scene) -> None:
    """Multiply 3×H×W linear light by ``centre``…``edge``, then spread ``glare`` of it, in place.

    The illumination goes smoothly with the distance from the centre, measured in half the sides.
    """
    if scene.centre != 1 or scene.edge != 1:
        planes *= _illumination(planes.shape[1], planes.shape[2], scene.centre, scene.edge)
    if scene.glare:
        for plane in planes:
            mean = np.mean(plane, dtype=np.float64)
            plane *= np.float32(1 - scene.glare)
            plane += np.float32(scene.glare * mean)


def _illumination(height: int, width: int, centre: float, edge: float) -> npt.NDArray[np.float32]:
    rows, columns = (np.square(np.linspace(-1, 1, side, dtype=np.float32)) for side in (height, width))
    squared = (rows[:, None] + columns[None, :]) / 2
    rising = squared**2 * (3 - 2 * squared)  # flat in the centre and in the corners
    return (centre + (edge - centre) * rising).astype(np.float32)
