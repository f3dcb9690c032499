"""What no plan computes in int8 is known before anything is observed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

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


@pytest.mark.parametrize(("on_processor", "expected"), [(True, {"d", "r"}), (False, set())])
def test_files_for_accelerators_alone_have_all_in_int8(
    graph_of: Callable[..., Graph], *, on_processor: bool, expected: set[str]
) -> None:
    """What a processor computes faster in float, an NPU computes in integers or not at all."""
    text = """
    g (float[1, 64, 40, 40] x) => (float[1, 64, 40, 40] y) {
        a = Conv(x, w)
        d = Conv<pads = [1, 1, 1, 1], group = 64>(a, v)
        r = PRelu(d, slope)
        y = Conv(r, w)
    }"""
    constants = {"w": np.ones((64, 64, 1, 1)), "v": np.ones((64, 1, 3, 3)), "slope": np.ones((64, 1, 1))}
    view = view_of(graph_of(text, constants))
    assert set(always_float(view, operators_of(view), on_processor=on_processor)) == expected
