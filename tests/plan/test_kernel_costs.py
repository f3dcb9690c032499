"""Measured costs order operators as they were measured."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mobilekit.convert.tflite.view import view_of
from mobilekit.plan.kernel_costs import conversion_ns, costs_of, is_depthwise
from mobilekit.source.graph import Graph

CONV = """g (float[1, {c}, {s}, {s}] x) => (float[1, {c}, {s}, {s}] y) {{
    y = Conv<pads = [{p}, {p}, {p}, {p}], group = {g}>(x, w) }}"""


def convolution(graph_of: Callable[..., Graph], channels: int, size: int, taps: int, group: int) -> Graph:
    """Over ``size``² with ``taps``² weights, as many channels out as in."""
    text = CONV.format(c=channels, s=size, p=taps // 2, g=group)
    return graph_of(text, {"w": np.ones((channels, channels // group, taps, taps))})


# What was measured, ms: channels, size, taps, groups, float, int8.
MEASURED = [
    (64, 40, 3, 64, 0.0258, 0.0590),
    (16, 256, 3, 16, 0.4145, 0.6639),
    (48, 40, 5, 48, 0.0663, 0.1372),
    (64, 40, 3, 1, 0.887, 0.210),
    (128, 32, 3, 1, 2.265, 0.535),
    (48, 40, 1, 1, 0.0444, 0.0241),
    (24, 80, 1, 1, 0.0642, 0.0471),
]


@pytest.mark.parametrize(("channels", "size", "taps", "group", "in_float", "in_int8"), MEASURED)
def test_convolutions_cost_what_was_measured(
    graph_of: Callable[..., Graph],
    channels: int,
    size: int,
    taps: int,
    group: int,
    in_float: float,
    in_int8: float,
) -> None:
    """Within a factor of two, and the faster form is the faster form."""
    view = view_of(convolution(graph_of, channels, size, taps, group))
    costs = costs_of(view, view.nodes[0], "y")
    for cost, measured in zip(costs, (in_float, in_int8), strict=True):
        assert measured / 2 < cost / 1e6 < measured * 2
    assert (costs[0] < costs[1]) is (in_float < in_int8)
    assert is_depthwise(view, view.nodes[0]) is (group > 1)


POOL = "AveragePool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(x)"


@pytest.mark.parametrize("kind", [POOL, "PRelu(x, k)"])
def test_slow_kernels_are_slow(graph_of: Callable[..., Graph], kind: str) -> None:
    """8-bit kernels outside XNNPACK cost many times what float costs."""
    text = f"g (float[1, 16, 64, 64] x) => (float[1, 16, 64, 64] y) {{ y = {kind} }}"
    graph = graph_of(text, {"k": np.ones((16, 1, 1))})
    view = view_of(graph)
    in_float, in_int8 = costs_of(view, view.nodes[0], "y")
    assert in_int8 > 4 * in_float


def test_conversions_of_large_maps_cost_more_each(graph_of: Callable[..., Graph]) -> None:
    """Four times the elements beyond the cache cost more than four times as much."""
    sizes = []
    for size in (128, 256):
        shape = f"float[1, 16, {size}, {size}]"
        graph = graph_of(f"g ({shape} x) => ({shape} y) {{ y = Relu(x) }}", {})
        sizes.append([conversion_ns(view_of(graph), "x", to_int8=way) for way in (True, False)])
    assert all(large > 4 * small for small, large in zip(*sizes, strict=True))
