"""AffineGrid: the positions of an output's pixels under an affine map, one small product."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule

if TYPE_CHECKING:
    from mobilekit.tensors import Array


def _affine_grid(node: Node, b: Builder) -> Replacement | Refusal:
    """The grid is base · thetaᵀ, where base has the homogeneous coordinates (x, y, (z,) 1) of every pixel."""
    theta, size = node.inputs
    given = b.ints(size)
    if given is None:
        return Refusal(got="a size computed at run time", hint="export the model with a constant size")
    sides = given[2:]
    if node["align_corners"] and 1 in sides:
        return Refusal(got=f"align_corners=1 for a side of one pixel, size {list(given)}")
    axes = [_positions(side, bool(node["align_corners"])) for side in sides]
    # The first coordinate is along the last axis.
    grid = np.stack([*np.meshgrid(*axes, indexing="ij")[::-1], np.ones(sides)], axis=-1)
    base = grid.reshape(-1, len(sides) + 1).astype(b.dtype(theta))
    product = b.add("MatMul", base, b.transpose(theta, (0, 2, 1)))
    return b.reshape(product, (given[0], *sides, len(sides)))


def _positions(side: int, align_corners: bool) -> Array:
    """Pixel centres from −1 to 1: the outermost ones at the ends, or half a pixel inside."""
    if align_corners:
        return np.linspace(-1.0, 1.0, side)
    return (2 * np.arange(side) + 1) / side - 1


RULES = (Rule(name="affine-grid", ops=("AffineGrid",), apply=_affine_grid),)
