"""What no plan computes in int8 is known before anything is observed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mobilekit.convert.tflite.quantisable import operators_of
from mobilekit.convert.tflite.view import view_of
from mobilekit.plan.always_float import always_float
from mobilekit.plan.small_products import REASON
from mobilekit.source.graph import Graph


def test_small_products_with_their_reason(graph_of: Callable[..., Graph]) -> None:
    """A product of next to no work is, the convolution with all the work is not."""
    text = """
    g (float[1, 3, 40, 40] x, float[1, 2] z) => (float[1, 8, 38, 38] y, float[1, 2] o) {
        y = Conv(x, w)
        o = MatMul(z, m)
    }"""
    view = view_of(graph_of(text, {"w": np.ones((8, 3, 3, 3)), "m": np.ones((2, 2))}))
    found = always_float(view, operators_of(view))
    assert found["o"] == REASON
    assert "y" not in found
