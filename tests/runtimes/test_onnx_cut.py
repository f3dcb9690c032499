"""Operators of a model as models of their own: with the conversions around them, and runnable."""

import numpy as np
import onnx

from mobilekit.runtimes.onnx_cut import cut_nodes
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import graph_from_proto

TEXT = """
<ir_version: 10, opset_import: ["" : 21]>
net (float[1, 4] x) => (float[1, 4] y)
<float s = {0.5}, uint8 z = {0}, int8[4,4] w = {1,0,0,0, 0,1,0,0, 0,0,1,0, 0,0,0,1}, int8 none = {0}>
{
  [q] q = QuantizeLinear (x, s, z)
  [d] d = DequantizeLinear (q, s, z)
  [dw] dw = DequantizeLinear (w, s, none)
  [m] m = MatMul (d, dw)
  [qm] qm = QuantizeLinear (m, s, z)
  [dm] dm = DequantizeLinear (qm, s, z)
  [r] r = Relu (dm)
  [r2] r2 = Relu (r)
  [y] y = Relu (r2)
}
"""


def test_each_operator_is_a_model_that_runs(tmp_path):
    """Integers go in and come out where they do in the whole; equal operators have one signature."""
    onnx.save(onnx.parser.parse_model(TEXT), tmp_path / "net.onnx")
    found = list(cut_nodes(tmp_path / "net.onnx"))
    assert [(each.name, each.kind) for each in found] == [
        ("m", "MatMul"),
        ("r", "Relu"),
        ("r2", "Relu"),
        ("y", "Relu"),
    ]
    product = onnx.ModelProto.FromString(found[0].model)
    assert {n.name for n in product.graph.node} == {"d", "dw", "m", "qm"}
    onnx.checker.check_model(product, full_check=True)
    with open_graph(graph_from_proto(product, stage="legalised")) as session:
        result = session.run({"q": np.array([[1, 2, 3, 200]], np.uint8)})["qm"]
    assert result.tolist() == [[0, 1, 2, 100]]
    assert found[2].signature == found[3].signature != found[1].signature
