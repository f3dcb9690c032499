"""Mish, written out for TFLite, is one operator again where all of it is float."""

from dataclasses import replace

import numpy as np
import onnx
import pytest

from mobilekit.convert import qdq
from mobilekit.legalise.pipeline import legalise
from mobilekit.quantisation import OperatorPlan, Scale
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import graph_from_proto
from tests.convert.qdq.conftest import graph_of, plan_of

X = "float[1, 3, 8, 8] x"
OUT = "m = Min(x, k) e = Exp(m) a = Add(e, two) p = Mul(e, a) b = Add(p, two) q = Div(p, b)"
CONSTANTS = {"k": np.float32(20), "two": np.float32(2)}


def kinds(graph, plan=None):
    """The operators that are written."""
    model = onnx.ModelProto.FromString(qdq.emit(graph, precision="int8" if plan else "fp32", plan=plan))
    return [node.op_type for node in model.graph.node], model


def test_what_legalising_makes_of_mish_is_mish_again():
    """The rule's own form is known; the values are the same."""
    legal = legalise(replace(graph_of("y = Mish(x)", inputs=X), stage="normalised"), samples=()).graph
    assert "Exp" in {node.op_type for node in legal.proto().graph.node}
    found, model = kinds(legal)
    assert found == ["Mish"]
    feed = {"x": np.linspace(-30, 30, 192, dtype=np.float32).reshape(1, 3, 8, 8)}
    with open_graph(legal) as one, open_graph(graph_from_proto(model, stage="legalised")) as other:
        assert np.allclose(one.run(feed)["y"], other.run(feed)["y"], atol=1e-5)


@pytest.mark.parametrize(
    ("body", "constants"),
    [
        (f"{OUT} y = Mul(x, q)", {**CONSTANTS, "k": np.float32(3)}),
        (f"{OUT} n = Neg(x) y = Mul(n, q)", CONSTANTS),
        (f"{OUT} r = Add(q, e) y = Mul(x, r)", CONSTANTS),
        (OUT.replace("b = Add(p, two)", "b = Add(p, k)") + " y = Mul(x, q)", CONSTANTS),
    ],
)
def test_anything_else_stays_as_it_is(body, constants):
    """Another bound, another factor, another reader, another number."""
    assert "Mish" not in kinds(graph_of(body, constants, inputs=X))[0]


def test_integers_among_them_stay():
    """A plan that has one step in integers is written step by step."""
    graph = graph_of(f"{OUT} y = Mul(x, q)", CONSTANTS, inputs=X)
    none = replace(plan_of(graph, floats=("y",)), operators={}, values={})
    assert kinds(graph, none)[0] == ["Mish"]
    scale = Scale(scale=0.1, zero_point=0)
    one = replace(none, operators={"y": OperatorPlan(precision="int8")}, values=dict.fromkeys("xqy", scale))
    assert "Mish" not in kinds(graph, one)[0]
