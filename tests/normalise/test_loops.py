"""Loop and Scan with a known number of steps are written out; others are refused."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.normalise.loops import MOST_STEPS
from mobilekit.normalise.pipeline import normalise
from tests.normalise.support import graph_of, normalised, ops, run

BODY = """
    b (int64 i, bool c, float[2] a) => (bool d, float[2] e, float[2] f)
    { d = Identity (c) t = Cast <to = 1> (i) u = Add (a, x) e = Mul (u, t) f = Neg (e) }
"""


def loop(trips="n", condition="c", body=BODY, opset=17):
    return (
        f'<ir_version: 8, opset_import: ["" : {opset}]> g (float[2] x) => (float[2] y, float[k, 2] z) '
        f"{{ y, z = Loop <body = {body}> ({trips}, {condition}, x) }}"
    )


@pytest.mark.parametrize("opset", [11, 17])
@pytest.mark.parametrize("trips", [1, 3])
def test_a_loop_of_known_length(trips, opset):
    """Counter, carried value, a value of the graph around it, and what every step collects."""
    result = normalised(loop(opset=opset), n=np.array(trips), c=np.array(True))  # compares both
    assert not {"Loop", "Scan"} & set(ops(result))
    assert result.graph.outputs[1].shape == (trips, 2)


def test_a_loop_that_stops_itself():
    """The condition is computed from the counter: known too."""
    body = BODY.replace("d = Identity (c)", "d = Less (i, m)")
    result = normalised(loop(condition="", body=body), n=np.array(9), m=np.array(3))
    assert result.graph.outputs[1].shape == (4, 2)


def test_a_loop_in_a_loop():
    """Names of the steps do not meet."""
    inner = """
        h (int64 j, bool p, float[2] v) => (bool q, float[2] w) { q = Identity (p) w = Add (v, x) }
    """
    body = f"""
        b (int64 i, bool c, float[2] a) => (bool d, float[2] e)
        {{ d = Identity (c) e = Loop <body = {inner}> (n, c, a) }}
    """
    text = (
        '<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) '
        f"{{ y = Loop <body = {body}> (n, c, x) }}"
    )
    result = normalised(text, n=np.array(2), c=np.array(True))
    x = np.array([1, 2], np.float32)
    np.testing.assert_allclose(run(result.graph, {"x": x})["y"], 5 * x)


@pytest.mark.parametrize("direction", [0, 1])
def test_a_scan(direction):
    """Slices along an axis, forwards and backwards, and what is collected along another."""
    body = "b (float[2] s, float[2] t) => (float[2] u, float[2] v) { u = Add (s, t) v = Mul (u, t) }"
    attributes = (
        f"num_scan_inputs = 1, scan_input_axes = [1], scan_input_directions = [{direction}], "
        f"scan_output_axes = [1], scan_output_directions = [{direction}]"
    )
    text = (
        '<ir_version: 8, opset_import: ["" : 17]> g (float[2] a, float[2, 3] x) => (float[2] y, float[2, 3] z) '
        f"{{ y, z = Scan <{attributes}, body = {body}> (a, x) }}"
    )
    assert "Scan" not in ops(normalised(text))


@pytest.mark.parametrize(
    ("text", "constants"),
    [
        (loop(), {"c": np.array(True)}),
        (loop(condition="", body=BODY.replace("Identity (c)", "Identity (q)")), {"n": np.array(3)}),
    ],
)
def test_what_depends_on_data_is_refused(text, constants):
    """A trip count or a condition that is computed at run time; the node is named."""
    text = text.replace(
        "(float[2] x)", "(float[2] x, bool q, int64 n)" if "n" not in constants else "(float[2] x, bool q)"
    )
    with pytest.raises(UnsupportedOperatorError, match="depends on data: Loop, node y"):
        normalise(graph_of(text, constants), samples=[])


def test_long_loops_are_refused():
    """A graph of thousands of nodes helps nobody."""
    graph = graph_of(loop(), {"n": np.array(MOST_STEPS + 1), "c": np.array(True)})
    with pytest.raises(UnsupportedOperatorError, match=rf"more than {MOST_STEPS} steps: Loop, node y"):
        normalise(graph, samples=[])
