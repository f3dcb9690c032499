"""Shapes that ONNX and ONNX Runtime tell differently are not folded into constants."""

from __future__ import annotations

import onnx
import pytest

from mobilekit.errors import ShapeError, UnsupportedOperatorError
from mobilekit.normalise.pipeline import normalise
from tests.legalise.support import text_graph
from tests.normalise.support import graph_of

CONV = 't = ConvTranspose <auto_pad = "SAME_UPPER", output_padding = [0, %d], strides = [2, 2]> (x, w)'
POOL = "t = MaxPool <ceil_mode = 1, kernel_shape = [4, 3], pads = [1, %d, 1, 2], strides = [2, 3]> (x)"


def graph(body: str, opset: int = 17):
    text = f"(float[1,1,5,7] x, int64[1] i) => (int64[1] y) <float[1,1,3,3] w = {{{','.join(['1'] * 9)}}}> {{ {body} }}"
    return text_graph(f"g {text}", opset=opset)


@pytest.mark.parametrize(
    ("node", "attribute"),
    [(CONV % 1, r"output_padding \(0, 1\) with auto_pad SAME_UPPER"), (POOL % 2, "ceil_mode with strides")],
)
def test_a_disputed_shape_that_is_read_is_refused(node: str, attribute: str):
    """Through other operators too; the error names the node and the attribute."""
    with pytest.raises(UnsupportedOperatorError, match=attribute) as error:
        normalise(graph(f"{node} r = Relu(t) s = Shape(r) y = Gather(s, i)"), samples=())
    assert "node t" in error.value.message


@pytest.mark.parametrize(("node", "opset"), [(CONV % 0, 17), (POOL % 0, 17), (POOL % 2, 22)])
def test_an_undisputed_shape_is_a_constant(node: str, opset: int):
    """Without output_padding, with a last window inside, and from opset 22 on."""
    result = normalise(graph(f"{node} s = Shape(t) y = Gather(s, i)", opset=opset), samples=())
    assert [n.op_type for n in result.graph.proto().graph.node] == ["Gather"]


def test_a_disputed_shape_that_nobody_reads_is_left_to_legalising():
    """There every refused node is named at once."""
    text = f"(float[1,1,5,7] x) => (float[1,1,3,?] t) {{ {POOL % 2} }}"
    model = normalise(text_graph(f"g {text}", opset=17), samples=()).graph.proto()
    assert [n.op_type for n in model.graph.node] == ["MaxPool"]
    onnx.checker.check_model(model)


def test_operands_that_do_not_fit_a_disputed_shape():
    """The node whose shape is disputed is at fault, not the one that meets it."""
    text = f"(float[1,1,5,7] x, float[1,1,9,9] z) => (float[1,1,?,?] y) <float[1,1,3,3] w = {{{','.join(['1'] * 9)}}}>"
    body = f'<ir_version: 8, opset_import: ["" : 17]> g {text} {{ {CONV % 1} r = Relu(t) y = Add(r, z) }}'
    with pytest.raises(UnsupportedOperatorError, match=r"ConvTranspose.*node t: .*SAME_UPPER"):
        normalise(graph_of(body), samples=())


def test_operands_that_do_not_fit():
    """Where no shape is disputed it is the model's own fault."""
    text = f"(float[1,1,5,7] x, float[1,1,9,9] z) => (float[1,1,?,?] y) <float[1,1,3,3] w = {{{','.join(['1'] * 9)}}}>"
    body = f'<ir_version: 8, opset_import: ["" : 17]> g {text} {{ {CONV % 0} r = Relu(t) y = Add(r, z) }}'
    with pytest.raises(ShapeError, match="Add, node y"):
        normalise(graph_of(body), samples=())
