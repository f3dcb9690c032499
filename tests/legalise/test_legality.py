"""check_legal finds what the emitter must not meet."""

import numpy as np
import pytest

from mobilekit.legalise.legality import check_legal
from tests.legalise.support import noise, text_graph

ONE, S = np.array([1]), np.array([1, 1, 8, 8])
ILLEGAL = [
    ("Conv <pads=[1,1,1,1], strides=[2,2], kernel_shape=[3,3], dilations=[1,1], group=1> (x, w)", "SAME"),
    ("Conv (x, w)", "kernel_shape is not written out"),
    ("MaxPool <kernel_shape=[2,2], strides=[2,2], pads=[0,0,0,0], ceil_mode=1> (x)", "ceil_mode"),
    ('Pad <mode="reflect"> (x, p)', "a mode other than constant"),
    ('Resize <mode="cubic"> (x, , , s)', "mode cubic"),
    ("Identity (x)", "no place"),
    ("Elu <alpha=0.5> (x)", "alpha=0.5"),
    ('DepthToSpace <blocksize=1, mode="CRD"> (x)', "mode=CRD"),
    ("ReduceSum (x)", "axes"),
    ("ArgMax <axis=-1> (x)", "negative axis"),
    ("Mod <fmod=1> (x, x)", "fmod"),
    ("Slice (x, one, one)", "not written out"),
]


@pytest.mark.parametrize(("line", "problem"), ILLEGAL)
def test_violation(line, problem):
    """Each is named with its node."""
    constants = {"w": noise(1, 1, 3, 3), "p": np.array([0, 0, 1, 1] * 2), "s": S, "one": ONE}
    used = {k: v for k, v in constants.items() if f" {k}" in line.replace("(", " ").replace(",", " ")}
    model = text_graph(f"g (float[1,1,8,8] x) => (float y) {{ y = {line} }}", used).proto()
    model.graph.node[0].name = "y"
    from mobilekit.source.graph import graph_from_proto

    found = check_legal(graph_from_proto(model, stage="legalised"))
    assert any(problem in line and line.startswith("y (") for line in found), found


def test_legal():
    """A node called as its output, with shapes, is fine."""
    model = text_graph("g (float[2] x) => (float y) { y = Relu (x) }").proto()
    model.graph.node[0].name = "y"
    from mobilekit.source.graph import graph_from_proto

    assert check_legal(graph_from_proto(model, stage="legalised")) == ()
