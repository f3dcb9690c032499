"""ConvTranspose as one convolution of all phases of its stride, which DepthToSpace interleaves.

Output cells whose places agree modulo the stride are an ordinary convolution of the input with every s-th
tap; the s² phases share one Conv of s²·M output channels, with zeros where a phase has no tap::

    y[j·s + p - lead] = Σ over shifts: w[p - lead + before - shift·s] · x[j + shift]

TRANSPOSE_CONV computes a multiple of 16 or 32 channels for every tap, and its cost in float grows beyond
that of the same products as a convolution. Measured in LiteRT 2.3.0 with 1 thread (x86, AVX-512), in
milliseconds, as TRANSPOSE_CONV and as phases::

    inputs → outputs, kernel/stride, size      float        int8
    48 → 1,     8/4,   64²                10.2   0.42    1.75  0.20
    32 → 3,     4/2,  128²                 6.4   1.10    1.52  0.53
    16 → 16,    3/2,   64²                 0.57  0.39    0.37  0.27
    19 → 19,   16/8,   32²                12.3   3.2     3.1   2.3
    64 → 32,    4/2,   64²                 4.8   2.7     1.11  1.26
    128 → 64,   4/2,   32²                 4.8   2.3     0.90  0.76
    64 → 32,    2/2,   64²                 1.24  0.86    0.54  0.73   (stays)
    32 → 32,    4/4,   32²                 0.73  0.62    0.41  0.63   (stays)
    16 → 128,   3/2,   64²                 3.8   4.3                  (stays)

Accelerators have kernels of their own for TRANSPOSE_CONV: this rule is the CPU's.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Replacement, Rule
from mobilekit.legalise.rules.conv_transpose import transposed_pads
from mobilekit.legalise.spatial import Window, flat, full, is_tflite_padding, window_of

if TYPE_CHECKING:
    from mobilekit.tensors import Array

# Among 300 measured shapes, float phases were at least 1.15 times as fast wherever this allows them (1.3
# and more for nearly all, 85 at best), and int8 ones, of 38, never below 0.88 times; with 2 threads alike.
# The bounds for products with zeros (kernel 3, stride 2: 1.78) leave a margin for phones, whose vectors are
# filled by fewer channels.
_ALWAYS_OUTPUTS = 8
_FEW_OUTPUTS, _FEW_EXCESS = 24, 2.0
_MANY_PRODUCTS, _MANY_EXCESS = 256, 1.5
# Of more channels, calibration samples too few places for int8 ranges (21 outputs of 64/32: 39 dB, not 56).
_MOST_CHANNELS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """One spatial axis of the phases.

    ``before`` is what is cut from the full result, ``lead`` how many cells the phases have before the
    first wanted one, ``first`` and ``last`` the input cells that cell ``j`` of any phase reads, less ``j``.
    """

    stride: int
    before: int
    lead: int
    first: int
    last: int

    @property
    def taps(self) -> int:
        return self.last - self.first + 1

    def place(self, tap: int) -> tuple[int, int]:
        """The phase that meets ``tap`` of the kernel, and the tap of the shared kernel that it becomes."""
        phase = (tap + self.lead - self.before) % self.stride
        return phase, _shift(tap, phase, self.lead, self.before, self.stride) - self.first

    def pads(self, size: int, wanted: int) -> tuple[int, int]:
        """Zeros around an input of ``size`` cells for ``wanted`` cells of the output."""
        cells = -(-(wanted + self.lead) // self.stride)
        return -self.first, max(cells + self.last - size, 0)


def _shift(tap: int, phase: int, lead: int, before: int, stride: int) -> int:
    return (phase - lead + before - tap) // stride


def _axis(kernel: int, stride: int, before: int) -> _Axis:
    """The narrowest shared kernel; without a lead, and so without a Slice, where that is as narrow."""
    options = []
    for lead in range(stride):
        shifts = [_shift(tap, (tap + lead - before) % stride, lead, before, stride) for tap in range(kernel)]
        # Cells before the input's first or after its last are reached by pads, not by negative ones.
        first, last = min(0, *shifts), max(0, *shifts)
        options.append(_Axis(stride=stride, before=before, lead=lead, first=first, last=last))
    return min(options, key=lambda axis: (axis.taps, axis.lead))


def _is_faster(inputs: int, outputs: int, window: Window, axes: list[_Axis]) -> bool:
    excess = prod(a.taps * a.stride / k for a, k in zip(axes, window.kernel, strict=True))
    products = inputs * prod(a.taps for a in axes)
    if outputs * prod(window.strides) > _MOST_CHANNELS:
        return False
    return (
        outputs <= _ALWAYS_OUTPUTS
        or (outputs <= _FEW_OUTPUTS and excess <= _FEW_EXCESS)
        or (products >= _MANY_PRODUCTS and excess <= _MANY_EXCESS)
    )


def _interleaved(node: Node, b: Builder) -> Replacement | None:
    x, array = node.inputs[0], b.constant(node.inputs[1])
    if array is None or node["group"] != 1 or b.rank(x) != 4:
        return None
    window = window_of(node, array.shape[2:])
    stride = window.strides[0]
    # A stride of 1 is as fast as it is; DepthToSpace has one block size.
    if stride == 1 or window.strides != (stride, stride) or set(window.dilations) != {1}:
        return None
    cut = transposed_pads(node, window, b)
    axes = [_axis(k, stride, before) for k, (before, _) in zip(window.kernel, cut, strict=True)]
    if not _is_faster(array.shape[0], array.shape[1], window, axes):
        return None
    wanted = b.shape(node.name)[2:]
    whole = b.add("DepthToSpace", _phases(node, axes, b), blocksize=stride, mode="DCR")
    if b.shape(whole)[2:] == wanted:
        return whole
    starts = [axis.lead for axis in axes]
    ends = [start + size for start, size in zip(starts, wanted, strict=True)]
    return b.add("Slice", whole, starts, ends, [2, 3], [1, 1])


def _phases(node: Node, axes: list[_Axis], b: Builder) -> str:
    """``[N, s²·M, cells…]``: phase (0, 0) of every channel, phase (0, 1) of every channel, …"""
    x = node.inputs[0]
    sizes, wanted = b.shape(x)[2:], b.shape(node.name)[2:]
    pads = tuple(axis.pads(n, w) for axis, n, w in zip(axes, sizes, wanted, strict=True))
    taps = tuple(axis.taps for axis in axes)
    if not is_tflite_padding(pads, Window(kernel=taps, strides=(1, 1), dilations=(1, 1)), sizes):
        x, pads = b.add("Pad", x, full(pads), mode="constant"), ((0, 0), (0, 0))
    bias = b.constant(node.input(2))
    return b.add(
        "Conv",
        x,
        _weights(b.workspace.constants[node.inputs[1]], axes),
        None if bias is None else np.tile(bias, axes[0].stride ** 2),
        kernel_shape=taps,
        strides=(1, 1),
        dilations=(1, 1),
        group=1,
        pads=flat(pads),
    )


def _weights(array: Array, axes: list[_Axis]) -> Array:
    """ConvTranspose weights ``[C, M, kernel…]`` as Conv weights ``[s·s·M, C, taps…]``."""
    inputs, outputs, *kernel = array.shape
    rows, columns = axes
    phases = np.zeros((rows.stride, columns.stride, outputs, inputs, rows.taps, columns.taps), array.dtype)
    for y, x in np.ndindex(*kernel):
        (row, up), (column, left) = rows.place(y), columns.place(x)
        phases[row, column, :, :, up, left] = array[:, :, y, x].T
    return phases.reshape(-1, *phases.shape[3:])


RULES = (Rule(name="conv-transpose-interleaved", ops=("ConvTranspose",), apply=_interleaved),)
