"""Operators in another frame compute the same, whatever their operands are."""

import numpy as np
import pytest

from tests.normalise.support import graph_of, normalised, ops, run


def same(text, **constants):
    """Normalise, and compare on numbers that are all different."""
    result, source = normalised(text, **constants), graph_of(text, constants)
    spec = source.inputs[0]
    feed = {spec.name: np.arange(np.prod(spec.shape), dtype=np.float32).reshape(spec.shape)}
    np.testing.assert_array_equal(run(result.graph, feed)["y"], run(source, feed)["y"])
    return ops(result)


def test_a_constant_beside_a_transpose_is_transposed():
    """Where all sides are equal, no shape would tell that it was not."""
    text = """<ir_version: 8, opset_import: ["" : 21]> g (float[1,3,3,3] x) => (float[1,6,3,3] y) {
        t = Transpose <perm = [0, 2, 3, 1]> (x) u = Relu (t) c = Concat <axis = 3> (u, k)
        y = Transpose <perm = [0, 3, 1, 2]> (c) }"""
    found = same(text, k=np.arange(27, dtype=np.float32).reshape(1, 3, 3, 3))
    assert "Transpose" not in found


def test_a_constant_beside_a_reshape_is_reshaped():
    """Its rank is that of the values it is joined to."""
    text = """<ir_version: 8, opset_import: ["" : 21]> g (float[2,12] x) => (float[2,16] y) {
        t = Reshape (x, s) u = Relu (t) c = Concat <axis = 2> (u, k) y = Reshape (c, r) }"""
    shapes = {"s": np.array([2, 1, 12]), "r": np.array([2, 16])}
    same(text, k=np.arange(8, dtype=np.float32).reshape(2, 1, 4), **shapes)


THERE, BACK = "t = Transpose <perm = [0, 2, 3, 1]> (x)", "y = Transpose <perm = [0, 3, 1, 2]> (o)"
TO_ROWS, FROM_ROWS = "t = Reshape (x, rows)", "y = Reshape (o, whole)"
VALUES = {
    "rows": np.array([1, 3, 20]),
    "whole": np.array([1, 3, 4, 5]),
    "last": np.array([-1]),
    "zero": np.array([0]),
    "one": np.array([1]),
    "two": np.array([2]),
    "three": np.array([3]),
    "ten": np.array([10]),
    "pads": np.array([0, 0, 0, 0, 0, 0, 0, 2]),
    "order": np.array([2, 0, 1]),
    "grid": np.array([[0, 1], [2, 0]]),
    "row": np.arange(20, dtype=np.float32),
    "w": np.arange(9, dtype=np.float32).reshape(3, 3),
    "v": np.arange(400, dtype=np.float32).reshape(20, 20),
}


def _frame(there, body, back, shape, out):
    text = f'<ir_version: 8, opset_import: ["": 21]> g (float[{shape}] x) => (float[{out}] y) {{ {there} {body} {back} }}'
    return same(text, **VALUES)


@pytest.mark.parametrize(
    ("body", "out", "left"),
    [
        ("o = ReduceSum (t, last)", "1,1,4,5", ["ReduceSum"]),
        ("o = Slice (t, one, three, last)", "1,2,4,5", ["Slice"]),
        ("o = Pad (t, pads)", "1,5,4,5", ["Pad"]),
        ("o = Gather <axis = 3> (t, order)", "1,3,4,5", ["Gather"]),
        (
            "a, b = Split <axis = 3, num_outputs = 2> (t) o = Concat <axis = -1> (b, a)",
            "1,3,4,5",
            ["Split", "Concat"],
        ),
        ("o = MatMul (t, w)", "1,3,4,5", ["Conv"]),
        ("a = Relu (t) o = Where (c, a, t)", "1,3,4,5", None),
    ],
)
def test_axes_follow_a_transpose(body, out, left):
    """Reductions, slices, pads, orders, parts, products."""
    prefix = "z = ReduceMean (t, last) c = Greater (t, z) " if left is None else ""
    found = _frame(THERE, prefix + body, BACK, "1,3,4,5", out)
    assert "Transpose" not in found
    assert left is None or found == left


@pytest.mark.parametrize(
    "body",
    [
        "m = ReduceSum <keepdims = 0> (t, last) u = Unsqueeze (m, last) o = Add (t, u)",
        "o = CumSum (t, axis)",
        "o = MatMul (u, t)",
        "g = Gather <axis = 3> (t, grid) o = ReduceMax <keepdims = 0> (g, last)",
        "o = LRN <size = 3> (t)",
    ],
)
def test_what_has_no_equal_beside_a_transpose(body):
    """Axes that disappear or appear, operators and operands without a form: the Transposes stay."""
    square = body.startswith("o = MatMul (u")
    extra = "axis = Constant <value_int = 2> () " if "axis)" in body else ""
    if square:
        extra = "u = Constant <value = float[4,4] {1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7}> () "
        found = _frame(THERE, extra + body, BACK, "1,3,4,4", "1,3,4,4")
    else:
        out = "1,2,4,5" if "grid" in body else "1,3,4,5"
        found = _frame(THERE, extra + body, BACK, "1,3,4,5", out)
    assert "Transpose" in found


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("o = Mul (t, row)", ["Mul"]),
        ("m = ReduceMax (t, two) o = Sub (t, m)", ["ReduceMax", "Sub"]),
        ("o = Gather <axis = 1> (t, order)", ["Gather"]),
    ],
)
def test_inside_a_view(body, left):
    """What varies over the whole of a joined axis, reduces it, or moves along another."""
    assert _frame(TO_ROWS, body, FROM_ROWS, "1,3,4,5", "1,3,4,5") == left


@pytest.mark.parametrize(
    "body",
    [
        "o = MatMul (t, v)",
        "o = Softmax <axis = 2> (t)",
        "a = Slice (t, zero, ten, two) o = Concat <axis = 2> (a, a)",
        "a, b = Split <axis = 2, num_outputs = 2> (t) o = Concat <axis = 2> (b, a)",
    ],
)
def test_what_has_no_equal_inside_a_view(body):
    """Halves of a joined axis, products and a Softmax along it: the Reshapes stay."""
    assert "Reshape" in _frame(TO_ROWS, body, FROM_ROWS, "1,3,4,5", "1,3,4,5")
