"""What a difference looks like: structure, colour, a cast, and for whom.

Two batches of an image output are turned into sRGB pictures by its description. Colour differences
are taken of at most 128 × 128 pixels spread over the picture, structure of its middle: figures over
a whole photo differ in the third digit and take as long as the network.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mobilekit.metrics import SSIM_WINDOW, delta_e_map, ssim
from mobilekit.parity.result import GroupParity, PictureParity
from mobilekit.tensors import Layout

if TYPE_CHECKING:
    from mobilekit.description import TensorDescription
    from mobilekit.tensors import Array

Picture = npt.NDArray[np.float64]
Cut = Callable[[int], slice]
"""Of a side's length: the rows (or columns) that are looked at."""

_COLOUR_SIDE = 128
_STRUCTURE_SIDE = 192
_PERCENTILE = 99.0
_WHITE = 255.0


class PictureTally:
    """What is kept of one image output while samples go by; ``pixels``: the candidate's are of 8 bits."""

    def __init__(
        self, description: TensorDescription, groups: Sequence[str | None] = (), *, pixels: bool = False
    ) -> None:
        self._said, self._groups, self._pixels = description, groups, pixels
        self._steps: list[float] = []
        self._ssims: list[float] = []
        self._differences: list[npt.NDArray[np.float64]] = []
        self._bias: list[npt.NDArray[np.float64]] = []

    def add(self, expected: Array, got: Array) -> None:
        """Add one sample: every picture of its batch."""
        cuts = (_spread, _middle)
        (few, middle), (other_few, other_middle) = (
            [pictures(values, self._said, cut=cut) for cut in cuts] for values in (expected, got)
        )
        pairs = list(zip(few, other_few, strict=True))
        colours = [delta_e_map(_coloured(one), _coloured(other)).ravel() for one, other in pairs]
        self._differences.append(np.concatenate(colours))
        self._bias.append(np.mean([(other - one).mean(axis=(0, 1)) for one, other in pairs], axis=0))
        structure = [_structure(one, other) for one, other in zip(middle, other_middle, strict=True)]
        self._ssims.append(float(np.mean(structure)))
        if self._pixels:
            whole = zip(pictures(expected, self._said), pictures(got, self._said), strict=True)
            self._steps += [_WHITE * float(np.abs(other - one).max(initial=0.0)) for one, other in whole]

    def result(self, psnrs: Sequence[float | None]) -> PictureParity:
        """What was added, with the samples' ``psnrs`` for the groups."""
        pixels = np.concatenate(self._differences)
        names = sorted({name for name in self._groups if name is not None})
        return PictureParity(
            ssim_mean=float(np.mean(self._ssims)),
            delta_e_mean=float(np.mean([np.mean(each) for each in self._differences])),
            delta_e_p99=float(np.percentile(pixels, _PERCENTILE)),
            bias=tuple(float(v) for v in np.mean(self._bias, axis=0)),
            groups={name: self._group(name, psnrs) for name in names},
            pixel_error_max=max(self._steps) if self._steps else None,
        )

    def _group(self, name: str, psnrs: Sequence[float | None]) -> GroupParity:
        members = [index for index, group in enumerate(self._groups) if group == name]
        found = [dB for index in members if (dB := psnrs[index]) is not None]
        return GroupParity(
            photos=len(members),
            psnr_mean=float(np.mean(found)) if found else None,
            delta_e_mean=float(np.mean([np.mean(self._differences[index]) for index in members])),
        )


def is_picture(description: TensorDescription | None, shape: tuple[int, ...]) -> bool:
    """Whether a tensor of ``shape`` is described as an image in a layout that is known."""
    if description is None or description.kind != "image" or len(shape) != 4:
        return False
    layout = description.layout_of(shape)
    channel = {Layout.NCHW: 1, Layout.NHWC: 3}.get(layout) if layout is not None else None
    return channel is not None and shape[channel] == description.channels


def pictures(values: Array, description: TensorDescription, *, cut: Cut | None = None) -> list[Picture]:
    """The batch of an image tensor as H×W×C pictures (RGB or grey), 0…1, clipped; NaN is black.

    ``cut`` chooses the rows and columns of each.
    """
    if description.layout_of(values.shape) is Layout.NCHW:
        values = values.transpose(0, 2, 3, 1)
    if cut is not None:
        values = values[:, cut(values.shape[1]), cut(values.shape[2])]
    mean, std = (np.asarray(each, np.float64) for each in description.affine())
    shown = np.clip(np.nan_to_num((values.astype(np.float64) * std + mean) / 255.0), 0.0, 1.0)
    return list(shown[..., ::-1] if description.color == "bgr" else shown)


def _spread(side: int) -> slice:
    """Every so-many-th row or column."""
    step = math.ceil(side / _COLOUR_SIDE)
    return slice(step // 2, None, step)


def _middle(side: int) -> slice:
    start = max(0, (side - _STRUCTURE_SIDE) // 2)
    return slice(start, start + _STRUCTURE_SIDE)


def _coloured(picture: Picture) -> Picture:
    return picture if picture.shape[2] == 3 else np.repeat(picture, 3, axis=2)


def _structure(one: Picture, other: Picture) -> float:
    """SSIM of the luminance; of what is smaller than its window, 1 less the mean difference."""
    want, have = _luminance(one), _luminance(other)
    if min(want.shape) < SSIM_WINDOW:
        return 1.0 - float(np.mean(np.abs(want - have)))
    return ssim(want, have)


def _luminance(picture: Picture) -> Picture:
    weights = np.array([0.2126, 0.7152, 0.0722]) if picture.shape[2] == 3 else np.ones(1)
    return np.asarray(picture @ weights, np.float64)
