"""Operators in another frame compute the same, whatever their operands are."""

import numpy as np

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
