"""Shape arithmetic and constants are folded; what depends on data is refused, what grows stays."""

import numpy as np
import pytest

from mobilekit.errors import ShapeError, UnsupportedOperatorError
from mobilekit.normalise.pipeline import normalise
from tests.normalise.support import constants_of, feed_for, graph_of, model, normalised, ops, run


def test_shape_arithmetic_becomes_a_constant_reshape():
    """Shape → Gather → Concat → Reshape leaves one Reshape with a full constant shape."""
    body = """
        s = Shape (x)
        zero = Constant <value_ints = [0, 1]> ()
        part = Gather <axis = 0> (s, zero)
        rest = Constant <value_ints = [-1]> ()
        target = Concat <axis = 0> (part, rest)
        y = Reshape (x, target)
    """
    result = normalised(model(body, out="1,4,36"))
    assert ops(result) == ["Reshape"]
    assert [v.tolist() for v in constants_of(result).values()] == [[1, 4, 36]]


def test_every_form_of_constant_is_read():
    """value, value_float, value_floats, value_int and value_ints are all constants of the graph."""
    body = """
        a = Constant <value_float = 2.0> ()
        b = Constant <value_floats = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]> ()
        c = Constant <value = float {3.0}> ()
        k = Constant <value_int = 0> ()
        ks = Constant <value_ints = [0, 1, 2, 3]> ()
        xa = Mul (x, a)
        xb = Add (xa, b)
        xc = Div (xb, c)
        kk = Add (k, ks)
        y = Gather <axis = 1> (xc, kk)
    """
    result = normalised(model(body))
    assert "Constant" not in ops(result)


@pytest.mark.parametrize("condition", ["true", "false"])
def test_the_branch_that_a_constant_condition_selects_is_inlined(condition):
    """An If whose condition follows from shapes disappears, whichever branch it takes."""
    value = {"true": 1, "false": 0}[condition]
    body = f"""
        cond = Constant <value = bool {{{value}}}> ()
        r = If (cond) <
            then_branch = t () => (float[1,4,6,6] a) {{ m = Relu (x) a = Neg (m) }},
            else_branch = e () => (float[1,4,6,6] a) {{ m = Abs (x) a = Sqrt (m) }}
        >
        y = Identity (r)
    """
    assert ops(normalised(model(body))) == (["Relu", "Neg"] if value else ["Abs", "Sqrt"])


def test_control_flow_that_depends_on_data_is_refused():
    """The condition comes from the input: no static graph says that."""
    body = """
        s = ReduceSum <keepdims = 0> (x)
        zero = Constant <value_float = 0.0> ()
        cond = Greater (s, zero)
        y = If (cond) <
            then_branch = t () => (float[1,4,6,6] a) { a = Relu (x) },
            else_branch = e () => (float[1,4,6,6] a) { a = Abs (x) }
        >
    """
    with pytest.raises(UnsupportedOperatorError, match="control flow that depends on data: If"):
        normalised(model(body))


def test_a_shape_that_depends_on_data_is_refused_by_name():
    """NonZero: the first value without a fixed shape is named."""
    body = (
        "positions = NonZero (x) as_float = Cast <to = 1> (positions) y = ReduceSum <keepdims = 0> (as_float)"
    )
    graph = graph_of(model(body, out=""))
    with pytest.raises(ShapeError, match="'positions' depends on data: NonZero"):
        normalise(graph, samples=[])


def test_large_broadcasts_of_constants_stay_at_run_time():
    """A constant of four million elements is not written into the model; a small one is."""
    body = """
        one = Constant <value_floats = [1.0, 2.0]> ()
        big = Constant <value_ints = [2048, 1024, 2]> ()
        spread = Expand (one, big)
        total = ReduceSum <keepdims = 0> (spread)
        y = Add (x, total)
    """
    result = normalised(model(body))
    assert ops(result)[0] == "Expand"
    assert ops(normalised(model(body.replace("2048, 1024", "8, 8")))) == ["Add"]


def test_random_values_are_not_folded():
    """RandomNormal has no inputs, and is still no constant."""
    body = "noise = RandomNormal <shape = [1,4,6,6], seed = 1.0> () y = Add (x, noise)"
    graph = graph_of(model(body))
    assert "RandomNormal" in ops(normalise(graph, samples=[]))


def test_a_constant_output_keeps_its_name():
    """An output that follows from shapes alone is still there."""
    text = (
        '<ir_version: 8, opset_import: ["" : 17]> g (float[2,3] x) => (float[2,3] y, int64[2] s) '
        "{ y = Relu (x) s = Shape (x) }"
    )
    graph = graph_of(text)
    result = normalise(graph, samples=[feed_for(graph)])
    np.testing.assert_array_equal(run(result.graph, feed_for(graph))["s"], [2, 3])


def test_shapes_that_do_not_fit_are_named():
    """A model that cannot work for these inputs says where."""
    graph = graph_of(model("c = Constant <value_floats = [1.0, 2.0, 3.0]> () y = Add (x, c)"))
    with pytest.raises(ShapeError, match="shapes do not fit: Add"):
        normalise(graph, samples=[])
