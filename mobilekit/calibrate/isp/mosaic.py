"""A Bayer mosaic, and back: Malvar, He and Cutler 2004, "High-quality linear interpolation"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    Planes = npt.NDArray[np.float32]

_RED, _GREEN, _BLUE = 0, 1, 2
_REACH = 2
_EIGHTH, _HALF, _ONE_AND_A_HALF, _TWO, _FOUR, _FIVE, _SIX = (
    np.float32(value) for value in (0.125, 0.5, 1.5, 2, 4, 5, 6)
)


def mosaic(planes: Planes, pattern: str) -> Planes:
    """The one colour that each pixel's filter lets through: 3×H×W → H×W."""
    raw = np.empty(planes.shape[1:], np.float32)
    for (row, column), colour in _filters(pattern).items():
        raw[row::2, column::2] = planes[colour, row::2, column::2]
    return raw


def demosaic(raw: Planes, pattern: str) -> Planes:
    """All three colours at each pixel: H×W → 3×H×W.

    A colour that a pixel lacks is the mean of its neighbours', corrected by the curvature of the
    colour that the pixel has: the paper's 5×5 kernels, written as sums per position of the pattern.
    """
    height, width = raw.shape
    padded = np.pad(raw, _REACH, mode="reflect")  # mirrored around the last pixel: filters stay in step
    result = np.empty((3, height, width), np.float32)
    filters = _filters(pattern)
    for (row, column), colour in filters.items():
        place = np.s_[row::2, column::2]
        near = _Neighbours(padded, row, column)
        result[(colour, *place)] = near.at(0, 0)
        if colour == _GREEN:
            beside = filters[row, 1 - column]
            result[(beside, *place)] = near.from_line(horizontal=True)
            result[(_other(beside), *place)] = near.from_line(horizontal=False)
        else:
            result[(_GREEN, *place)] = near.green()
            result[(_other(colour), *place)] = near.from_diagonals()
    return result


def _filters(pattern: str) -> dict[tuple[int, int], int]:
    """The colour at each position of the pattern: ``rggb`` → {(0, 0): red, (0, 1): green, …}."""
    return {divmod(index, 2): "rgb".index(letter) for index, letter in enumerate(pattern)}


def _other(colour: int) -> int:
    return _BLUE if colour == _RED else _RED


class _Neighbours:
    """The pixels around all pixels of one position of the pattern."""

    def __init__(self, padded: Planes, row: int, column: int) -> None:
        self._padded, self._row, self._column = padded, row, column

    def at(self, down: int, right: int) -> Planes:
        """The pixels ``down`` and ``right`` of them."""
        top, left = _REACH + self._row + down, _REACH + self._column + right
        bottom, end = self._padded.shape[0] - _REACH + down, self._padded.shape[1] - _REACH + right
        return self._padded[top:bottom:2, left:end:2]

    def green(self) -> Planes:
        """Green at red or blue."""
        near = self._beside(1, 0) + self._beside(0, 1)
        far = self._beside(2, 0) + self._beside(0, 2)
        return (_FOUR * self.at(0, 0) + _TWO * near - far) * _EIGHTH

    def from_line(self, *, horizontal: bool) -> Planes:
        """Red or blue at green, from the two neighbours in its row or column."""
        along, across = ((0, 1), (1, 0)) if horizontal else ((1, 0), (0, 1))
        near = _FOUR * self._beside(*along) - self._diagonals()
        far = _HALF * self._beside(2 * across[0], 2 * across[1]) - self._beside(2 * along[0], 2 * along[1])
        return (_FIVE * self.at(0, 0) + near + far) * _EIGHTH

    def from_diagonals(self) -> Planes:
        """Red at blue, or blue at red."""
        far = self._beside(2, 0) + self._beside(0, 2)
        return (_SIX * self.at(0, 0) + _TWO * self._diagonals() - _ONE_AND_A_HALF * far) * _EIGHTH

    def _beside(self, down: int, right: int) -> Planes:
        return self.at(down, right) + self.at(-down, -right)

    def _diagonals(self) -> Planes:
        return self._beside(1, 1) + self._beside(1, -1)
