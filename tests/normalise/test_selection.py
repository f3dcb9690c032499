"""Selections of known size, and tensors without elements."""

import numpy as np
import pytest

from mobilekit.errors import MobilekitError, ShapeError
from mobilekit.normalise.pipeline import normalise
from tests.normalise.support import graph_of, model, normalised, ops

SOME = np.array([False, True, True, False, True])


@pytest.mark.parametrize(("axis", "out"), [(1, "1,2,6,6"), (-1, "1,4,6,3"), (2, "1,4,3,6")])
def test_compress_by_a_constant_is_a_gather(axis, out):
    """What it selects is known; a condition may be shorter than the axis."""
    condition = SOME[:4] if axis == 1 else SOME
    result = normalised(model(f"y = Compress<axis={axis}>(x, c)", out=out), c=condition)
    assert ops(result) == ["Gather"]


def test_compress_without_an_axis_is_of_the_flat_tensor():
    """The result has one axis."""
    result = normalised(model("y = Compress(x, c)", out="3"), c=SOME)
    assert ops(result) == ["Reshape", "Gather"]


def test_compress_by_data_is_refused():
    """How much it selects is not known."""
    body = "t = Constant<value = float {0.0}>() f = Reshape(x, s) c = Greater(f, t) y = Compress(x, c)"
    with pytest.raises(MobilekitError, match="Compress, node y"):
        normalise(graph_of(model(body, out="N"), {"s": np.array([-1])}), samples=[])


@pytest.mark.parametrize("body", ["y = ConstantOfShape(i)", "y = Range(f, f, f)"])
def test_a_shape_that_depends_on_data_is_refused(body):
    """The node is named."""
    text = f'<ir_version: 8, opset_import: ["" : 17]> g (int64[2] i, float f) => (float y) {{ {body} }}'
    graph = graph_of(text)
    with pytest.raises(ShapeError, match=r"depends on data: \w+, node y"):
        normalise(graph, samples=[])


def test_an_empty_tensor_is_known():
    """Nothing is computed on the way to nothing, and nothing is added to a Concat by it."""
    body = "e = Slice(x, z, z, a) n = Neg(e) y = Concat<axis=2>(x, n)"
    constants = {"z": np.array([2]), "a": np.array([2])}
    result = normalised(model(body), **constants)
    assert "Neg" not in ops(result)


def test_a_sum_over_nothing_is_a_constant():
    """ReduceSum over an axis without elements is zero whatever the data are."""
    body = "e = Slice(x, z, z, a) m = ReduceSum(e, a) y = Add(x, m)"
    result = normalised(model(body), z=np.array([2]), a=np.array([2]))
    assert "ReduceSum" not in ops(result)


def test_bounds_with_an_axis_are_scalars():
    """Range by vectors of one number, as ONNX's own definition of AffineGrid has it."""
    body = "r = Range(a, b, c) f = Cast<to=1>(r) y = Add(x, f)"
    bounds = {"a": np.array([0]), "b": np.array([6]), "c": np.array(1)}
    assert ops(normalise(graph_of(model(body), bounds), samples=[])) == ["Add"]


def test_a_branch_in_a_branch_reads_what_was_folded_before():
    """The condition of the inner branch comes from outside of both."""
    inner = "If(c) <then_branch = t2 () => (float[6] q) { q = Identity(o) },"
    inner += " else_branch = e2 () => (float[6] q) { q = Neg(o) }>"
    body = f"""
        c = Not(b)
        o = Add(k, k)
        p = If(d) <then_branch = t () => (float[6] r) {{ r = {inner} }},
                   else_branch = e () => (float[6] r) {{ r = Identity(k) }}>
        y = Mul(x, p)
    """
    given = {"b": np.array(True), "d": np.array(True), "k": np.arange(6, dtype=np.float32)}
    assert ops(normalised(model(body), **given)) == ["Mul"]
