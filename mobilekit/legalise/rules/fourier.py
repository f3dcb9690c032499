"""DFT and STFT of fixed lengths: a product with a constant matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule

if TYPE_CHECKING:
    from mobilekit.tensors import Array

_LARGEST = 1 << 24
"""Elements of the largest matrix that is written into a file."""


def _dft(node: Node, b: Builder) -> Replacement | Refusal:
    """The axis beside the components, both as one, times the matrix, and back."""
    x, length, axis = node.inputs[0], node.input(1), node.input(2)
    rank, parts = b.rank(x), b.shape(x)[-1]
    given = [b.ints(value) if value else None for value in (length, axis)]
    if (length and not given[0]) or (axis and not given[1]):
        return Refusal(got="a length or an axis computed at run time", hint="export them as constants")
    along = (given[1][0] if given[1] else -2) % rank
    samples = b.shape(x)[along]
    count = given[0][0] if given[0] else samples
    if along == rank - 1:
        return Refusal(got="a transform along the real and imaginary parts", hint="choose another axis")
    bins = count // 2 + 1 if node["onesided"] else count
    matrix = _matrix(samples, count, bins, parts, inverse=bool(node["inverse"]))
    if matrix is None:
        return Refusal(got=f"a transform of {count} samples", hint="use a shorter one")
    perm = [*(i for i in range(rank - 1) if i != along), along, rank - 1]
    moved = b.transpose(x, perm)
    outer = b.shape(moved)[:-2]
    rows = b.reshape(moved, (int(np.prod(outer)), samples * parts))
    spectrum = b.reshape(b.add("MatMul", rows, matrix), (*outer, bins, 2))
    return b.transpose(spectrum, [perm.index(i) for i in range(rank)])


def _stft(node: Node, b: Builder) -> Replacement | Refusal:
    """Every frame gathered, weighted by the window, and transformed."""
    x, step, window, length = (*node.inputs, "", "")[:4]
    hop, size = b.ints(step), b.ints(length) if length else None
    if hop is None or (length and size is None):
        return Refusal(got="a step or a length computed at run time", hint="export them as constants")
    batch, total, parts = b.shape(x)
    samples = size[0] if size else b.shape(window)[0]
    bins = samples // 2 + 1 if node["onesided"] else samples
    matrix = _matrix(samples, samples, bins, parts, inverse=False)
    if matrix is None:
        return Refusal(got=f"frames of {samples} samples", hint="use shorter ones")
    frames = (total - samples) // hop[0] + 1
    places = np.arange(frames)[:, None] * hop[0] + np.arange(samples)[None]
    framed = b.add("Gather", x, places.astype(np.int64), axis=1)
    if window:
        framed = b.add("Mul", framed, b.reshape(window, (1, 1, samples, 1)))
    rows = b.reshape(framed, (batch * frames, samples * parts))
    return b.reshape(b.add("MatMul", rows, matrix), (batch, frames, bins, 2))


def _matrix(samples: int, count: int, bins: int, parts: int, *, inverse: bool) -> Array | None:
    """``[samples · parts, bins · 2]``: from (time, real or imaginary) to (frequency, real or imaginary).

    Samples beyond ``count`` are left out, missing ones are zeros. None where it would be too large.
    """
    if samples * parts * bins * 2 > _LARGEST:
        return None
    times, frequencies = np.arange(samples)[:, None], np.arange(bins)[None]
    # The product modulo the period keeps the angle small, and exact.
    angle = 2 * np.pi * (times * frequencies % count) / count * (1 if inverse else -1)
    kept = (times < count) / (count if inverse else 1)
    cosine, sine = np.cos(angle) * kept, np.sin(angle) * kept
    # (re + i·im)(cos + i·sin)
    real, imaginary = np.stack([cosine, sine], -1), np.stack([-sine, cosine], -1)
    return np.stack([real, imaginary][:parts], 1).reshape(samples * parts, bins * 2).astype(np.float32)


RULES = (
    Rule(name="dft", ops=("DFT",), apply=_dft),
    Rule(name="stft", ops=("STFT",), apply=_stft),
)
