"""Depthwise convolutions of more than 25 taps as a sum of smaller ones.

XNNPACK has depthwise kernels of up to 25 taps; larger ones run as a general convolution with one channel
per group. A sum of pieces, each reading its own part of the padded input, is faster by far. Measured in
LiteRT 2.3.0 with 1 thread (x86, AVX-512), milliseconds whole and in pieces::

    kernel, channels, size    float          int8
    7×7,  48,  64²          8.9   0.77    9.0   0.96
    7×7,  96,  32²          2.0   0.32    2.4   0.45
    9×9,  32,  32²          1.07  0.18
    31×31, 32, 32²          27    2.2
    7×7, stride 2, 48, 64²  1.05  0.31
    5×5,  48,  64²          0.28  0.58    (stays)
    7×7,  24 channels with 2 outputs each, 64²: 2.2 and 2.4 (stays)

In int8 every piece is rounded before it is added: 55.3 dB in three pieces instead of 55.8 (7×7 noise), 54.2
instead of 55.5 in nine (11×11). GPUs run the whole kernel at once: this rule is the CPU's.
"""

from __future__ import annotations

from itertools import product

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.spatial import Window, full, onnx_pads, window_of

_MOST_TAPS = 25
# XNNPACK's depthwise kernels; a piece costs the next larger one, and writing and adding about 8 taps.
_KERNELS = (4, 9, 25)
_PER_PIECE = 8


def _in_pieces(node: Node, b: Builder) -> Replacement | None:
    x, array = node.inputs[0], b.constant(node.inputs[1])
    if array is None or b.rank(x) != 4:
        return None
    window = window_of(node, array.shape[2:])
    channels = b.shape(x)[1]
    depthwise = node["group"] == channels == array.shape[0] > 1
    if not depthwise or window.kernel[0] * window.kernel[1] <= _MOST_TAPS:
        return None
    pads = onnx_pads(node, window, b.shape(x)[2:])
    padded = b.add("Pad", x, full(pads), mode="constant") if any(map(any, pads)) else x
    height, width = best_tile(*window.kernel)
    parts: list[str] = []
    for top, left in product(range(0, window.kernel[0], height), range(0, window.kernel[1], width)):
        piece = array[:, :, top : top + height, left : left + width]
        parts.append(
            b.add(
                "Conv",
                _read_by(padded, window, (top, left), piece.shape[2:], b.shape(node.name)[2:], b),
                piece,
                None if parts else node.input(2),
                kernel_shape=piece.shape[2:],
                strides=window.strides,
                dilations=window.dilations,
                group=channels,
                pads=(0,) * 4,
            )
        )
    return b.chain("Add", parts)


def best_tile(height: int, width: int) -> tuple[int, int]:
    """Height and width of the pieces that cost least; of equal ones the widest, which copy whole rows."""
    tiles = [
        (rows, columns)
        for rows in range(1, min(height, _MOST_TAPS) + 1)
        for columns in range(1, min(width, _MOST_TAPS // rows) + 1)
    ]
    return min(tiles, key=lambda tile: (_cost((height, width), tile), -tile[1]))


def _cost(kernel: tuple[int, int], tile: tuple[int, int]) -> int:
    sides = [
        [min(step, size - start) for start in range(0, size, step)]
        for size, step in zip(kernel, tile, strict=True)
    ]
    pieces = (rows * columns for rows, columns in product(*sides))
    return sum(next(k for k in _KERNELS if k >= taps) + _PER_PIECE for taps in pieces)


def _read_by(
    padded: str,
    window: Window,
    place: tuple[int, int],
    kernel: tuple[int, ...],
    results: tuple[int, ...],
    b: Builder,
) -> str:
    """The part of the padded input that the piece at ``place`` of the kernel reads."""
    starts = [at * d for at, d in zip(place, window.dilations, strict=True)]
    ends = [
        start + (n - 1) * s + (k - 1) * d + 1
        for start, n, s, k, d in zip(starts, results, window.strides, kernel, window.dilations, strict=True)
    ]
    if (*starts, *ends) == (0, 0, *b.shape(padded)[2:]):
        return padded
    return b.add("Slice", padded, starts, ends, [2, 3], [1, 1])


RULES = (Rule(name="conv-depthwise-pieces", ops=("Conv",), apply=_in_pieces),)
