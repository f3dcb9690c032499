"""What a node computes, and nodes that are not ONNX."""

import numpy as np
import pytest

from mobilekit.errors import ModelFileError
from mobilekit.normalise.pipeline import normalise
from tests.normalise.support import graph_of


def _typed(kind, body):
    return f'<ir_version: 8, opset_import: ["": 18]> g ({kind}[1,4] x) => ({kind}[1,4] y) {{ {body} }}'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (_typed("int8", "r = ReduceSum <keepdims = 1> (x) y = Expand (r, s)"), "ReduceSum, node r .*x: int8"),
        (_typed("float", "i = Cast <to = 6> (x) y = Add (x, i)"), "Add, node y .*x: float32, i: int32"),
        (_typed("float", "y = Softmax <axes = 1> (x)"), "Softmax, node y .*axes"),
        (_typed("float", 'y = Softmax <axis = "1"> (x)'), "Softmax, node y .*axis"),
    ],
)
def test_what_the_schema_forbids_is_refused_by_node(text, words):
    """Types of elements and attributes that an operator does not have are errors of the file."""
    graph = graph_of(text, {"s": np.array([1, 4])})
    with pytest.raises(ModelFileError, match=words.replace(" .*", ", opset 18.*")):
        normalise(graph, samples=())


@pytest.mark.parametrize(
    "body", ["i = Cast <to = 6> (x) c = Cast <to = 1> (i) y = Add (x, c)", "y = Softmax (x)"]
)
def test_what_the_schema_has_is_not_refused(body):
    """The same operators with types and attributes of their own."""
    normalise(graph_of(_typed("float", body)), samples=())
