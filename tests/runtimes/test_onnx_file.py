"""The border and the operators of an ONNX file, read without a runtime."""

import onnx
import pytest

from mobilekit.errors import AcceleratorError, ModelFileError
from mobilekit.runtimes.onnx_file import read_onnx_file
from mobilekit.runtimes.qnn_messages import RefusedNode

TEXT = """
<ir_version: 10, opset_import: ["" : 21]>
net (float[1, 4] x) => (float[1, 4] y)
<float s = {0.5}, uint8 z = {0}, float k = {2.0}>
{
  [q] q = QuantizeLinear (x, s, z)
  [d] d = DequantizeLinear (q, s, z)
  [m] m = Mul (k, k)
  [sum] e = Add (d, m)
  [y] y = Relu (e)
}
"""


def write(folder, text=TEXT):
    """The model in a file."""
    onnx.save(onnx.parser.parse_model(text), folder / "net.onnx")
    return folder / "net.onnx"


def test_operators_are_what_computes(tmp_path):
    """Neither conversions nor what depends on constants alone are counted."""
    found = read_onnx_file(write(tmp_path))
    assert dict(found.operators) == {"sum": "Add", "y": "Relu"}
    assert [(s.name, s.shape) for s in (*found.inputs, *found.outputs)] == [("x", (1, 4)), ("y", (1, 4))]


def test_a_refused_node_is_named_by_what_it_computes(tmp_path):
    """A node that the provider made itself keeps its own name."""
    found = read_onnx_file(write(tmp_path))
    said = [found.refusal(RefusedNode(name=n, kind="Add", reason="no")).operator for n in ("sum", "new")]
    assert said == ["sum", "new"]


def test_open_dimensions_and_damage_are_typed(tmp_path):
    """An NPU's program has one size; a file that is no model is told as such."""
    with pytest.raises(AcceleratorError, match="'x' has dimensions that are not fixed"):
        read_onnx_file(write(tmp_path, TEXT.replace("float[1, 4] x", "float[N, 4] x")))
    (tmp_path / "net.onnx").write_bytes(b"not a model")
    with pytest.raises(ModelFileError, match="is not an ONNX model"):
        read_onnx_file(tmp_path / "net.onnx")
    with pytest.raises(ModelFileError, match="No such file"):
        read_onnx_file(tmp_path / "none.onnx")
