"""A detector of bright spots, and photos with one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from mobilekit.calibrate.photos import DrawnPhoto, PhotoSet, photo_set

CELLS = 8
SIDE = 32


def write_detector(path: Path, *, pixels: bool = False) -> Path:
    """A detector that takes each of 8×8 cells for a face as probable as it is bright.

    Its input is float32 1×3×32×32 in 0…1, its outputs ``scores`` 1×64×2 and ``boxes`` 1×64×4.
    """
    steps = np.arange(CELLS) / CELLS
    top, left = np.meshgrid(steps, steps, indexing="ij")
    cells = np.stack([left, top, left + 1 / CELLS, top + 1 / CELLS], -1).reshape(1, -1, 4)
    boxes = (cells * (SIDE if pixels else 1)).astype(np.float32)
    model = onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["": 17]>
        detector (float[1, 3, 32, 32] photo) => (float[1, 64, 2] scores, float[1, 64, 4] boxes) {
          cells = AveragePool<kernel_shape = [4, 4], strides = [4, 4]>(photo)
          bright = ReduceMean<axes = [1], keepdims = 0>(cells)
          face = Reshape(bright, rows)
          one = Constant<value_float = 1.0>()
          nobody = Sub(one, face)
          scores = Concat<axis = 2>(nobody, face)
          boxes = Identity(cell_boxes)
        }"""
    )
    model.graph.initializer.extend(
        [
            numpy_helper.from_array(np.array([1, 64, 1]), "rows"),
            numpy_helper.from_array(boxes, "cell_boxes"),
        ]
    )
    onnx.save(model, path)
    return path


def spot(row: int, column: int, side: int = 96) -> np.ndarray:
    """A dark photo with one bright cell of the 8×8."""
    pixels = np.full((side, side, 3), 20, np.uint8)
    cell = side // CELLS
    pixels[row * cell : (row + 1) * cell, column * cell : (column + 1) * cell] = 250
    return pixels


def drawn(pictures: dict[str, np.ndarray], seen: list[str] | None = None) -> PhotoSet:
    """Photos that show these pictures; ``seen`` collects the names of those that are decoded."""

    def draw(name: str) -> Callable[[], np.ndarray]:
        def pixels() -> np.ndarray:
            if seen is not None:
                seen.append(name)
            return pictures[name]

        return pixels

    return photo_set(DrawnPhoto(name=name, digest=name, draw=draw(name)) for name in pictures)
