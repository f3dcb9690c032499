"""A convolution before a norm over positions, and what follows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mobilekit.source.graph import Graph

TEXT = """
g (float[1, 3, 16, 16] x) => (float[1, 3, 14, 14] y) {
    c = Conv(x, wa)
    n = mobilekit.Normalize<axes: ints = [2, 3]>(c, one, zero, eps)
    r = Relu(n)
    y = Conv<pads = [1, 1, 1, 1]>(r, wd)
}"""


def norm_graph(graph_of: Callable[..., Graph]) -> Graph:
    """Seeded weights."""
    rng = np.random.default_rng(5)
    constants = {
        "wa": rng.normal(0, 0.3, (16, 3, 3, 3)),
        "wd": rng.normal(0, 0.1, (3, 16, 3, 3)),
        "one": np.ones((1, 16, 1, 1)),
        "zero": np.zeros((1, 16, 1, 1)),
        "eps": np.full((1, 1, 1, 1), 1e-5),
    }
    return graph_of(TEXT, constants)


def photos(*contrasts: float) -> list[dict[str, np.ndarray]]:
    """Seeded pictures of these contrasts about the same grey, in steps of 1/255 from 0 to 1."""
    rng = np.random.default_rng(2)
    noise = [rng.normal(size=(1, 3, 16, 16)) for _ in contrasts]
    levels = [
        np.clip(np.round(127.0 + 255.0 * c * n), 0.0, 255.0) for c, n in zip(contrasts, noise, strict=True)
    ]
    return [{"x": (each / 255.0).astype(np.float32)} for each in levels]
