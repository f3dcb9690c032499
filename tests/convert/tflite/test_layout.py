"""Layouts are assigned for the whole graph: transposes stand only where two layouts truly meet."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.convert.tflite.layout import moves_nothing, permutation

HEAD = '<ir_version: 10, opset_import: ["": 21]> g'
RANDOM = np.random.default_rng(5)
KERNEL = RANDOM.normal(0, 0.3, (64, 64, 3, 3)).astype(np.float32)


def test_cubic_maps_are_not_confused(graph_of, agrees, operators) -> None:
    """Where C = H = W no shape tells the layout; none is guessed, nothing is transposed."""
    text = f"""{HEAD} (float[1,64,64,64] x) => (float y) {{
        a = Conv<pads=[1,1,1,1]>(x, w) m = ReduceMean(a, axes) d = Sub(a, m) r = Relu(d)
        y = Conv<pads=[1,1,1,1]>(r, w) }}"""
    graph = graph_of(text, {"w": KERNEL, "axes": np.array([2, 3], np.int64)})
    agrees(graph, nhwc=False)
    agrees(graph)
    assert "TRANSPOSE" not in operators(graph)


def test_an_exporters_transposes_cancel(graph_of, agrees, operators) -> None:
    """NCHW in, Transpose to NHWC, softmax over channels, back again: no transpose is left."""
    text = f"""{HEAD} (float[1,3,6,8] x) => (float y) {{
        c = Conv<pads=[1,1,1,1]>(x, w) t = Transpose<perm=[0,2,3,1]>(c) s = Softmax<axis=-1>(t)
        y = Transpose<perm=[0,3,1,2]>(s) }}"""
    graph = graph_of(text, {"w": RANDOM.normal(0, 1, (3, 3, 3, 3)).astype(np.float32)})
    agrees(graph)
    assert operators(graph) == ["CONV_2D", "SOFTMAX"]


def test_a_true_meeting_costs_one_transpose(graph_of, agrees, operators) -> None:
    """An image flattened in ONNX order needs its one transpose, on the smaller tensor."""
    text = f"""{HEAD} (float[1,3,8,8] x) => (float y) {{
        c = Conv<strides=[2,2]>(x, w) r = Relu(c) y = Reshape(r, s) }}"""
    graph = graph_of(
        text, {"w": RANDOM.normal(0, 1, (4, 3, 2, 2)).astype(np.float32), "s": np.array([1, 64], np.int64)}
    )
    agrees(graph)
    assert operators(graph).count("TRANSPOSE") == 1


def test_tokens_need_none(graph_of, agrees, operators) -> None:
    """[N,C,H,W] to [N,HW,C] as exporters write it is one RESHAPE of the NHWC map."""
    text = f"{HEAD} (float[1,3,4,6] x) => (float y) {{ f = Reshape(x, s) y = Transpose<perm=[0,2,1]>(f) }}"
    graph = graph_of(text, {"s": np.array([1, 3, 24], np.int64)})
    agrees(graph)
    assert operators(graph) == ["RESHAPE"]


@pytest.mark.parametrize(
    ("shape", "order", "expected"),
    [
        ((1, 3, 1, 1), (0, 2, 3, 1), True),
        ((1, 1, 5, 7), (0, 2, 3, 1), True),
        ((1, 3, 5, 1), (0, 2, 3, 1), False),
    ],
)
def test_moves_nothing(shape: tuple[int, ...], order: tuple[int, ...], expected: bool) -> None:
    """A transpose moves nothing exactly where the axes longer than one keep their order."""
    assert moves_nothing(shape, order) is expected


@given(st.lists(st.integers(1, 3), min_size=0, max_size=6), st.booleans())
def test_moves_nothing_is_what_numpy_says(shape: list[int], channels_last: bool) -> None:
    """If it says so, the bytes are the same; and the permutation is one."""
    array = np.arange(int(np.prod(shape))).reshape(shape)
    order = permutation(len(shape), channels_last=channels_last)
    assert sorted(order) == list(range(len(shape)))
    same = array.transpose(order).tobytes() == array.tobytes()
    assert not moves_nothing(shape, order) or same


def test_a_channel_shuffle_stays_channels_last(graph_of, agrees, operators) -> None:
    """A shuffle over the last axis is one small transpose; another order of channels is a GATHER."""
    text = f"{HEAD} (float[1,6,4,6] x) => (float y) {{ y = Gather<axis=1>(x, i) }}"
    shuffle = graph_of(text, {"i": np.array([0, 2, 4, 1, 3, 5], np.int64)})
    agrees(shuffle)
    assert operators(shuffle) == ["RESHAPE", "TRANSPOSE", "RESHAPE"]
    other = graph_of(text, {"i": np.array([0, 2, 4, 5, 3, 1], np.int64)})
    agrees(other)
    assert operators(other) == ["GATHER"]
