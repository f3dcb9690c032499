"""Measured costs order operators as they were measured."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mobilekit.convert.tflite.view import view_of
from mobilekit.plan.kernel_costs import conversion_ns, costs_of, is_depthwise, merged_into
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
    (2, 320, 3, 1, 0.733, 0.742),
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


@pytest.mark.parametrize(
    ("pads", "value", "reader", "expected"),
    [
        ([0, 0, 1, 1, 0, 0, 1, 1], 0.0, "Conv(p, w)", True),
        ([0, 0, 1, 1, 0, 0, 1, 1], 1.0, "Conv(p, w)", False),
        ([0, 1, 1, 1, 0, 0, 1, 1], 0.0, "Conv(p, v)", False),
        ([0, 0, 1, 1, 0, 0, 1, 1], 0.0, "MaxPool<kernel_shape = [3, 3]>(p)", False),
    ],
)
def test_a_convolution_pads_its_zeros_itself(
    graph_of: Callable[..., Graph], pads: list[int], value: float, reader: str, *, expected: bool
) -> None:
    """Zeros around height and width cost nothing; other numbers, channels and readers do."""
    graph = graph_of(
        f"g (float[1, 8, 8, 8] x) => (float[1, 8, 8, 8] y) {{ p = Pad(x, pads, value) y = {reader} }}",
        {"pads": np.array(pads), "value": np.array(value, np.float32)}
        | {"w": np.ones((8, 8, 3, 3)), "v": np.ones((8, 9, 3, 3))},
    )
    view = view_of(graph)
    assert (merged_into(view, view.nodes[0]) is not None) is expected
    assert (costs_of(view, view.nodes[0], "p") == (0.0, 0.0)) is expected
