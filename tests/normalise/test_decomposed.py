"""Written-out normalisations become one node; what only looks like one stays."""

import numpy as np
import pytest

from tests.normalise.support import constants_of, model, normalised, ops

AXES = "axes = Constant <value_ints = [2, 3]> () e = Constant <value_float = 0.001> () two = Constant <value_float = 2.0> () half = Constant <value_float = 0.5> () "
MEAN = "u = ReduceMean (x, axes) "
VARIANTS = {
    "Mul": MEAN
    + "d = Sub (x, u) q = Mul (d, d) v = ReduceMean (q, axes) k = Add (v, e) s = Sqrt (k) y = Div (d, s)",
    "Pow": MEAN
    + "d = Sub (x, u) q = Pow (d, two) v = ReduceMean (q, axes) k = Add (e, v) s = Pow (k, half) y = Div (d, s)",
    "twice": MEAN
    + "d = Sub (x, u) f = Sub (x, u) q = Mul (d, f) v = ReduceMean (q, axes) k = Add (v, e) s = Sqrt (k) y = Div (f, s)",
    "Reciprocal": MEAN
    + "d = Sub (x, u) q = Mul (d, d) v = ReduceMean (q, axes) k = Add (v, e) s = Sqrt (k) r = Reciprocal (s) y = Mul (r, d)",
    "Pow -0.5": MEAN
    + "d = Sub (x, u) q = Mul (d, d) v = ReduceMean (q, axes) k = Add (v, e) h = Neg (half) r = Pow (k, h) y = Mul (d, r)",
    "pooled": "u = GlobalAveragePool (x) d = Sub (x, u) q = Mul (d, d) v = GlobalAveragePool (q) k = Add (v, e) s = Sqrt (k) y = Div (d, s)",
    "E[x²]−E[x]²": MEAN
    + "d = Sub (x, u) q = Mul (x, x) p = ReduceMean (q, axes) w = Mul (u, u) v = Sub (p, w) k = Add (v, e) s = Sqrt (k) y = Div (d, s)",
    "kept positive": MEAN
    + "d = Sub (x, u) q = Mul (x, x) p = ReduceMean (q, axes) w = Mul (u, u) f = Sub (p, w) v = Relu (f) k = Add (v, e) s = Sqrt (k) y = Div (d, s)",
    "unbiased": "n = Constant <value_float = 35.0> () "
    + MEAN
    + "d = Sub (x, u) q = Mul (d, d) t = ReduceSum (q, axes) v = Div (t, n) k = Add (v, e) s = Sqrt (k) y = Div (d, s)",
    "flattened": "f = Constant <value_ints = [1, 4, 36]> () back = Constant <value_ints = [1, 4, 1, 1]> () l = Constant <value_ints = [2]> () "
    "xf = Reshape (x, f) um = ReduceMean <keepdims = 0> (xf, l) u = Reshape (um, back) d = Sub (x, u) q = Mul (d, d) "
    "qf = Reshape (q, f) vm = ReduceMean <keepdims = 0> (qf, l) v = Reshape (vm, back) k = Add (v, e) s = Sqrt (k) y = Div (d, s)",
    "flat throughout": "f = Constant <value_ints = [1, 4, 36]> () back = Constant <value_ints = [1, 4, 6, 6]> () l = Constant <value_ints = [2]> () "
    "xf = Reshape (x, f) u = ReduceMean (xf, l) d = Sub (xf, u) q = Mul (d, d) v = ReduceMean (q, l) k = Add (v, e) "
    "s = Sqrt (k) n = Div (d, s) y = Reshape (n, back)",
    "moments": MEAN
    + "d = Sub (x, u) q = Mul (d, d) v = ReduceMean (q, axes) k = Add (v, e) s = Sqrt (k) r = Reciprocal (s) i = Mul (r, g) "
    "a = Mul (x, i) m = Mul (u, i) o = Sub (b, m) y = Add (a, o)",
    "scaled first": MEAN
    + "d = Sub (x, u) q = Mul (d, d) v = ReduceMean (q, axes) k = Add (v, e) s = Sqrt (k) r = Reciprocal (s) i = Mul (r, g) y = Mul (d, i)",
    "epsilon outside the root": MEAN
    + "d = Sub (x, u) q = Mul (d, d) v = ReduceMean (q, axes) r = Sqrt (v) s = Add (r, e) y = Div (d, s)",
    "epsilon on both sides": MEAN
    + "d = Sub (x, u) q = Mul (d, d) v = ReduceMean (q, axes) k = Add (v, e) r = Sqrt (k) s = Add (r, e) y = Div (d, s)",
    "scale before the division": MEAN
    + "d = Sub (x, u) q = Mul (d, d) v = ReduceMean (q, axes) k = Add (v, e) s = Sqrt (k) p = Mul (d, g) f = Div (p, s) y = Add (f, b)",
    "a shift that is subtracted": MEAN
    + "q = Mul (x, x) p = ReduceMean (q, axes) w = Mul (u, u) v = Sub (p, w) k = Add (v, e) s = Sqrt (k) i = Div (g, s) "
    "a = Mul (x, i) m = Mul (u, i) o = Sub (m, b) y = Sub (a, o)",
    "a negated mean": MEAN
    + "d = Sub (x, u) q = Mul (d, d) v = ReduceMean (q, axes) k = Add (v, e) s = Sqrt (k) i = Reciprocal (s) h = Neg (u) "
    "m = Mul (h, i) a = Mul (x, i) f = Add (a, m) t = Mul (f, g) y = Add (t, b)",
    "a shift in the square": "tiny = Constant <value_float = 0.000000001> () "
    + MEAN
    + "d = Sub (x, u) a = Add (d, tiny) q = Mul (d, a) v = ReduceMean (q, axes) k = Add (v, e) s = Sqrt (k) y = Div (d, s)",
}
AFFINE = {
    "g": np.array([1, -2, 3, 0.5], np.float32).reshape(1, 4, 1, 1),
    "b": np.arange(4, dtype=np.float32).reshape(1, 4, 1, 1),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_one_node(name):
    """Every way of writing it is one Normalize over height and width, and says so."""
    used = {k: v for k, v in AFFINE.items() if f", {k})" in VARIANTS[name] or f"({k}," in VARIANTS[name]}
    result = normalised(model(AXES + VARIANTS[name], opset=18), **used)
    assert ops(result) == ["Normalize"]
    node = result.graph.proto().graph.node[0]
    assert list(node.attribute[0].ints) == [2, 3]
    assert result.recognised[0].kind.startswith("InstanceNormalization from")


REFUSED = {
    "another map's mean": MEAN
    + "a = Abs (x) w = ReduceMean (a, axes) d = Sub (x, u) f = Sub (x, w) q = Mul (d, d) v = ReduceMean (q, axes) k = Add (v, e) s = Sqrt (k) y = Div (f, s)",
    "a shifted numerator": MEAN
    + "d = Sub (x, u) f = Add (d, half) q = Mul (d, d) v = ReduceMean (q, axes) k = Add (v, e) s = Sqrt (k) y = Div (f, s)",
    "the variance of something else": MEAN
    + "d = Sub (x, u) a = Abs (x) w = ReduceMean (a, axes) f = Sub (a, w) q = Mul (f, f) v = ReduceMean (q, axes) k = Add (v, e) s = Sqrt (k) y = Div (d, s)",
    "other axes in the variance": "other = Constant <value_ints = [1]> () "
    + MEAN
    + "d = Sub (x, u) q = Mul (d, d) v = ReduceMean (q, other) k = Add (v, e) s = Sqrt (k) y = Div (d, s)",
    "cubed": "three = Constant <value_float = 3.0> () "
    + MEAN
    + "d = Sub (x, u) q = Pow (d, three) v = ReduceMean (q, axes) a = Abs (v) k = Add (a, e) s = Sqrt (k) y = Div (d, s)",
    "a multiple of the mean": MEAN
    + "uu = Mul (u, half) d = Sub (x, uu) q = Mul (d, x) v = ReduceMean (q, axes) k = Add (v, e) a = Abs (k) s = Sqrt (a) y = Div (d, s)",
}


@pytest.mark.parametrize("name", REFUSED)
def test_not_a_norm(name):
    """The negative twins keep their Sub: at most the division is recognised, as a root mean square."""
    result = normalised(model(AXES + REFUSED[name], opset=18))
    assert "Sub" in ops(result)
    assert "Normalize" not in ops(result)


def test_channels_first_layer_norm():
    """ConvNeXt's: over the channels of an image."""
    body = (
        "axes = Constant <value_ints = [1]> () e = Constant <value_float = 0.001> () u = ReduceMean (x, axes) d = Sub (x, u) "
        "q = Mul (d, d) v = ReduceMean (q, axes) k = Add (v, e) s = Sqrt (k) n = Div (d, s) p = Mul (g, n) y = Add (p, b)"
    )
    result = normalised(model(body, opset=18), **AFFINE)
    assert ops(result) == ["Normalize"]
    assert "over axes (1,)" in result.recognised[0].kind
    np.testing.assert_array_equal(sorted(v.size for v in constants_of(result).values()), [1, 4, 4])


def test_root_mean_square():
    """Without the mean it is RmsNormalize; a sum instead of a mean goes into epsilon and scale."""
    body = "axes = Constant <value_ints = [1]> () e = Constant <value_float = 0.001> () q = Mul (x, x) v = {} (q, axes) k = Add (v, e) s = Sqrt (k) y = Div (x, s)"
    for reduction in ("ReduceMean", "ReduceSum"):
        assert ops(normalised(model(body.format(reduction), opset=18))) == ["RmsNormalize"]


def test_groups_written_out():
    """Means over [N, G, …] of a reshaped map are GroupNormalize on the map itself."""
    body = (
        "f = Constant <value_ints = [1, 2, 72]> () w = Constant <value_ints = [1, 4, 6, 6]> () l = Constant <value_ints = [2]> () "
        "e = Constant <value_float = 0.001> () xf = Reshape (x, f) u = ReduceMean (xf, l) d = Sub (xf, u) q = Mul (d, d) "
        "v = ReduceMean (q, l) k = Add (v, e) s = Sqrt (k) n = Div (d, s) o = Reshape (n, w) p = Mul (o, g) y = Add (p, b)"
    )
    result = normalised(model(body, opset=18), **AFFINE)
    assert ops(result) == ["GroupNormalize"]
