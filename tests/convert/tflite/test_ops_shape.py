"""Operators that move data, reduce or resample equal ONNX Runtime's in every layout."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.convert.tflite import emit
from mobilekit.errors import UnsupportedOperatorError

HEAD = '<ir_version: 10, opset_import: ["": 21]> g'


def _ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


CASES = {
    "concat": ("y = Concat<axis=1>(x, x)", {}),
    "concat_last": ("y = Concat<axis=-1>(x, x)", {}),
    "slice": ("y = Slice(x, s, e, a)", {"s": _ints(1, 2), "e": _ints(3, 6), "a": _ints(1, 3)}),
    "slice_steps": ("y = Slice(x, s, e, a, t)", {"s": _ints(0, 6), "e": _ints(5, 1), "a": _ints(2, 3), "t": _ints(2, -2)}),
    "slice_backwards": ("y = Slice(x, s, e, a, t)", {"s": _ints(-1), "e": _ints(-100), "a": _ints(3), "t": _ints(-1)}),
    "split": ("p, q = Split<axis=1>(x, parts) y = Mul(p, k)", {"parts": _ints(1, 3), "k": np.array([2], np.float32)}),
    "reshape_flat": ("y = Reshape(x, s)", {"s": _ints(1, -1)}),
    "reshape_space": ("y = Reshape(x, s)", {"s": _ints(1, 4, 35)}),
    "transpose_nhwc": ("y = Transpose<perm=[0,2,3,1]>(x)", {}),
    "transpose_other": ("y = Transpose<perm=[0,3,1,2]>(x)", {}),
    "tokens": ("f = Reshape(x, s) y = Transpose<perm=[0,2,1]>(f)", {"s": _ints(1, 4, 35)}),
    "pad": ("y = Pad(x, p)", {"p": _ints(0, 0, 1, 2, 0, 0, 3, 0)}),
    "pad_value": ("y = Pad(x, p, v)", {"p": _ints(0, 1, 1, 2, 0, 0, 3, 0), "v": np.array(1.5, np.float32)}),
    "gather": ("y = Gather<axis=1>(x, i)", {"i": _ints(2, 0, -1)}),
    "gather_rows": ("y = Gather<axis=2>(x, i)", {"i": _ints(4, 3, 3, 0)}),
    "gather_scalar": ("y = Gather<axis=1>(x, i)", {"i": np.array(2, np.int64)}),
    "tile": ("y = Tile(x, r)", {"r": _ints(1, 2, 1, 3)}),
    "depth_to_space": ("y = DepthToSpace<blocksize=2>(x)", {}),
    "mean": ("y = ReduceMean(x, a)", {"a": _ints(2, 3)}),
    "mean_flat": ("y = ReduceMean<keepdims=0>(x, a)", {"a": _ints(2, 3)}),
    "mean_channel": ("y = ReduceMean<keepdims=0>(x, a)", {"a": _ints(1)}),
    "max_row": ("y = ReduceMax<keepdims=0>(x, a)", {"a": _ints(2)}),
    "sum_all": ("y = ReduceSum<keepdims=0>(x)", {}),
    "min": ("y = ReduceMin(x, a)", {"a": _ints(-1)}),
    "prod": ("y = ReduceProd(x, a)", {"a": _ints(-1)}),
    "cumsum": ("y = CumSum<exclusive=1>(x, a)", {"a": np.array(1, np.int64)}),
    "max_pool": ("y = MaxPool<kernel_shape=[2,2], strides=[2,2]>(x)", {}),
    "max_pool_same": ("y = MaxPool<kernel_shape=[3,3], pads=[1,1,1,1], strides=[2,2]>(x)", {}),
    "average_pool": ("y = AveragePool<kernel_shape=[3,3], pads=[1,1,1,1], strides=[1,1]>(x)", {}),
    "resize_linear": ("y = Resize<mode=\"linear\">(x, , , z)", {"z": _ints(1, 4, 10, 14)}),
    "resize_corners": (
        "y = Resize<mode=\"linear\", coordinate_transformation_mode=\"align_corners\">(x, , , z)",
        {"z": _ints(1, 4, 9, 5)},
    ),
    "resize_nearest": (
        "y = Resize<mode=\"nearest\", coordinate_transformation_mode=\"asymmetric\", nearest_mode=\"floor\">(x, , , z)",
        {"z": _ints(1, 4, 10, 21)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("nhwc", [True, False], ids=["nhwc", "nchw"])
@pytest.mark.parametrize("case", CASES)
def test_operator(graph_of, agrees, case: str, nhwc: bool) -> None:
    """Each operator, between image borders in NHWC and between plain arrays in ONNX order."""
    text, constants = CASES[case]
    image = "1,4,5,7"
    agrees(graph_of(f"{HEAD} (float[{image}] x) => (float y) {{ {text} }}", constants), nhwc=nhwc)


@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("operator", ["ArgMax", "ArgMin"])
def test_position_of_extremes(graph_of, agrees, operator: str, keepdims: int) -> None:
    """ArgMax over the channels of an image: int64, the first of equals."""
    agrees(
        graph_of(
            f"{HEAD} (float[1,3,5,7] x) => (int64 y) {{ y = {operator}<axis=1, keepdims={keepdims}>(x) }}"
        )
    )


def test_top_k(graph_of, agrees) -> None:
    """TopK's values and 64-bit indices."""
    text = f"{HEAD} (float[3,9] x) => (float y, int64 i) {{ y, i = TopK(x, k) }}"
    agrees(graph_of(text, {"k": _ints(4)}))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "bool"])
def test_expand_of_every_type(graph_of, agrees, operators, dtype: str) -> None:
    """TILE repeats every type."""
    text = f"{HEAD} ({dtype}[1,3,1,7] x) => ({dtype} y) {{ y = Expand(x, s) }}"
    graph = graph_of(text, {"s": _ints(1, 3, 5, 7)})
    agrees(graph)
    assert "TILE" in operators(graph)


def test_scalars_stay_scalars(graph_of, agrees) -> None:
    """A constant without axes gives the result none."""
    text = f"{HEAD} (float[3,4] x) => (float y) {{ s = ReduceSum<keepdims=0>(x) y = Add(s, k) }}"
    agrees(graph_of(text, {"k": np.array(2, np.float32)}))


def test_expand(graph_of, agrees) -> None:
    """Expand repeats along axes of one."""
    agrees(
        graph_of(f"{HEAD} (float[1,3,1,7] x) => (float y) {{ y = Expand(x, s) }}", {"s": _ints(1, 3, 5, 7)})
    )


@pytest.mark.parametrize(
    "text",
    [
        "y = DepthToSpace<blocksize=2, mode=\"CRD\">(x)",
        "y = Resize<mode=\"cubic\">(x, , , z)",
        "y = Resize<mode=\"linear\", antialias=1>(x, , , z)",
        "y = Pad<mode=\"reflect\">(x, p)",
    ],
)  # fmt: skip
def test_what_tflite_computes_otherwise_is_refused(graph_of, text: str) -> None:
    """Attributes without an exact TFLite twin are refused here; rewriting them is legalise's work."""
    constants = {"z": _ints(1, 4, 3, 5), "p": _ints(0, 0, 1, 1, 0, 0, 1, 1)}
    used = {k: v for k, v in constants.items() if f" {k})" in text}
    graph = graph_of(f"{HEAD} (float[1,4,5,7] x) => (float y) {{ {text} }}", used)
    with pytest.raises(UnsupportedOperatorError, match="legalised before"):
        emit(graph, precision="fp32")
