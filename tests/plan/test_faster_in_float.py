"""The plan leaves float what a processor computes faster so, conversions counted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mobilekit.convert.tflite.quantisable import operators_of
from mobilekit.convert.tflite.view import view_of
from mobilekit.plan.always_float import SLOW_KERNELS
from mobilekit.plan.faster_in_float import faster_in_float
from mobilekit.source.graph import Graph

RNG = np.random.default_rng(0)
PADS = np.array([0, 0, 1, 1, 0, 0, 1, 1])


def found(graph: Graph) -> set[str]:
    """The operators that are to be float."""
    view = view_of(graph)
    operators = operators_of(view)
    slow = {o.name: "slow" for o in operators if o.op_type in SLOW_KERNELS}
    return set(faster_in_float(view, operators, slow))


def kernel(*shape: int) -> np.ndarray:
    """Weights."""
    return RNG.normal(size=shape)


def test_a_pool_of_the_input_is_float(graph_of: Callable[..., Graph]) -> None:
    """AVERAGE_POOL_2D has no fast 8-bit kernel: an input is pooled first, and a 16th of it is quantised."""
    graph = graph_of(
        """g (float[1, 3, 256, 256] x) => (float[1, 8, 64, 64] y) {
            p = AveragePool<kernel_shape = [4, 4], strides = [4, 4]>(x)
            y = Conv<pads = [1, 1, 1, 1]>(p, w) }""",
        {"w": kernel(8, 3, 3, 3)},
    )
    assert found(graph) == {"p"}


def test_a_maximum_of_int8_stays(graph_of: Callable[..., Graph]) -> None:
    """Between two convolutions a MAX_POOL_2D of bytes is faster than of floats."""
    graph = graph_of(
        """g (float[1, 8, 64, 64] x) => (float[1, 8, 32, 32] y) {
            a = Conv<pads = [1, 1, 1, 1]>(x, w)
            p = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(a)
            y = Conv<pads = [1, 1, 1, 1]>(p, w) }""",
        {"w": kernel(8, 8, 3, 3)},
    )
    assert found(graph) == set()


@pytest.mark.parametrize(("group", "size", "expected"), [(64, 1, {"d"}), (1, 64, set())])
def test_depthwise_convolutions_are_float_before_dense_ones(
    graph_of: Callable[..., Graph], group: int, size: int, expected: set[str]
) -> None:
    """Beside a float activation, a depthwise convolution is float, a dense one of 64 channels int8."""
    graph = graph_of(
        f"""g (float[1, 64, 40, 40] x) => (float[1, 64, 40, 40] y) {{
            a = Conv(x, w)
            d = Conv<pads = [1, 1, 1, 1], group = {group}>(a, v)
            r = PRelu(d, slope)
            y = Conv(r, w) }}""",
        {"w": kernel(64, 64, 1, 1), "v": kernel(64, size, 3, 3), "slope": kernel(64, 1, 1)},
    )
    assert found(graph) == expected


@pytest.mark.parametrize(("channels", "expected"), [(12, {"c"}), (48, set())])
def test_a_convolution_of_few_channels_between_float_operators_is_float(
    graph_of: Callable[..., Graph], channels: int, expected: set[str]
) -> None:
    """Where it takes no longer than the conversions around it, 12 numbers a position, int8 saves nothing."""
    graph = graph_of(
        f"""g (float[1, {channels}, 80, 80] x) => (float[1, {channels}, 80, 80] y) {{
            p = PRelu(x, slope)
            c = Conv(p, w)
            y = PRelu(c, slope) }}""",
        {"w": kernel(channels, channels, 1, 1), "slope": kernel(channels, 1, 1)},
    )
    assert found(graph) == expected


def test_zeros_are_padded_in_the_form_of_their_convolution(graph_of: Callable[..., Graph]) -> None:
    """XNNPACK pads inside a convolution: the Pad costs nothing, if it is of the same form."""
    graph = graph_of(
        """g (float[1, 64, 80, 80] x) => (float[1, 64, 40, 40] y) {
            c = Conv(x, w)
            p = PRelu(c, slope)
            z = Pad(p, pads)
            d = Conv<group = 64, strides = [2, 2]>(z, v)
            y = PRelu(d, slope) }""",
        {"w": kernel(64, 64, 1, 1), "v": kernel(64, 1, 3, 3), "slope": kernel(64, 1, 1), "pads": PADS},
    )
    assert found(graph) == {"z", "d"}


@pytest.mark.parametrize(("function", "expected"), [("Gelu", set()), ("ReduceSum", {"e"})])
def test_a_function_of_one_value_between_int8_convolutions_is_a_table(
    graph_of: Callable[..., Graph], function: str, expected: set[str]
) -> None:
    """It has no 8-bit kernel, and no conversions either: the convolution that widens for it stays int8."""
    axes = "<keepdims = 1>" if function == "ReduceSum" else ""
    other = ", axes" if function == "ReduceSum" else ""
    graph = graph_of(
        f"""g (float[1, 16, 256, 256] x) => (float[1, 16, 256, {1 if other else 256}] y) {{
            e = Conv(x, v)
            f = {function}{axes}(e{other})
            y = Conv(f, w) }}""",
        {"v": kernel(64, 16, 1, 1), "w": kernel(16, 64, 1, 1), "axes": np.array([3])},
    )
    assert found(graph) == expected


def test_a_sum_follows_its_float_operand(graph_of: Callable[..., Graph]) -> None:
    """What only follows is int8 no longer where what it reads is float: nothing is quantised for its sake."""
    graph = graph_of(
        """g (float[1, 64, 40, 40] x) => (float[1, 64, 40, 40] y) {
            a = Conv(x, w)
            p = AveragePool<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(a)
            s = Add(p, a)
            y = Conv(s, w) }""",
        {"w": kernel(64, 64, 1, 1)},
    )
    assert found(graph) == {"p", "s"}


def test_what_is_denied_already_is_not_told_again(graph_of: Callable[..., Graph]) -> None:
    """Reasons of others come first."""
    graph = graph_of(
        """g (float[1, 3, 64, 64] x) => (float[1, 8, 62, 62] y) { y = Conv(x, w) }""",
        {"w": kernel(8, 3, 3, 3)},
    )
    view = view_of(graph)
    assert faster_in_float(view, operators_of(view), {"y": "denied"}) == {}
