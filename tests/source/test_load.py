"""Reading a model: what is read, and every way in which a file can be wrong."""

import os

import numpy as np
import onnx
import pytest

from mobilekit.errors import ModelError, ModelFileError, UnknownOpsetError
from mobilekit.source.load import load
from mobilekit.tensors import DType, TensorSpec


def parse(body, *, opset=17, border="(float[1,2] x) => (float[1,2] y)", ir=8, domains=""):
    return onnx.parser.parse_model(
        f'<ir_version: {ir}, opset_import: ["" : {opset}{domains}]> g {border} {{ {body} }}'
    )


def saved(tmp_path, model):
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("opset", range(7, 26))
def test_opsets_7_to_25(tmp_path, opset):
    """Each is read as it is; nothing is converted here."""
    graph = load(saved(tmp_path, parse("y = Relu (x)", opset=opset)))
    assert graph.stage == "source"
    assert graph.inputs == (TensorSpec(name="x", dtype=DType.FLOAT32, shape=(1, 2)),)
    assert graph.outputs == (TensorSpec(name="y", dtype=DType.FLOAT32, shape=(1, 2)),)
    assert graph.proto().opset_import[0].version == opset


@pytest.mark.parametrize("opset", [1, 6, 26, 99])
def test_other_opsets_are_refused(tmp_path, opset):
    """The message names the opset and the range."""
    with pytest.raises(UnknownOpsetError, match=f"opset {opset}, expected 7 to 25"):
        load(saved(tmp_path, parse("y = Relu (x)", opset=opset)))


def test_unknown_domains_and_operators_are_refused(tmp_path):
    """Wherever they are; an import that no node uses is harmless."""
    model = parse("y = acme.Blend (x)", domains=', "acme" : 1')
    with pytest.raises(UnknownOpsetError, match="acme::Blend"):
        load(saved(tmp_path, model))
    with pytest.raises(UnknownOpsetError, match="no operator Blend"):
        load(saved(tmp_path, parse("y = Blend (x)")))
    with pytest.raises(UnknownOpsetError, match="no operator Gelu"):
        load(saved(tmp_path, parse("y = Gelu (x)", opset=19)))
    with pytest.raises(UnknownOpsetError, match=r"com\.microsoft::FusedConv"):
        load(saved(tmp_path, parse("y = com.microsoft.FusedConv (x)", domains=', "com.microsoft" : 1')))
    load(saved(tmp_path, parse("y = Relu (x)", domains=', "acme" : 1')))
    load(saved(tmp_path, parse("y = com.microsoft.QuickGelu (x)", domains=', "com.microsoft" : 1')))


def test_initializers_that_are_inputs_too_are_constants(tmp_path):
    """IR version 3 had them twice."""
    model = parse("y = Mul (x, w)", border="(float[1,2] x, float[2] w) => (float[1,2] y)", ir=3)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(2, np.float32), "w"))
    graph = load(saved(tmp_path, model))
    assert [s.name for s in graph.inputs] == ["x"]


def test_functions_are_inlined(tmp_path):
    """Model-local functions leave only ONNX's own operators."""
    text = """
        <ir_version: 8, opset_import: ["" : 17, "local" : 1]>
        g (float[1,2] x) => (float[1,2] y) { y = local.twice (x) }
        <domain: "local", opset_import: ["" : 17]> twice (a) => (b) { b = Add (a, a) }
    """
    graph = load(saved(tmp_path, onnx.parser.parse_model(text)))
    assert [n.op_type for n in graph.proto().graph.node] == ["Add"]


def test_sparse_initializers_become_dense(tmp_path):
    """Values and linear indices."""
    model = parse("y = Add (x, s)")
    values = onnx.numpy_helper.from_array(np.array([5.0], np.float32), "s")
    indices = onnx.numpy_helper.from_array(np.array([1], np.int64), "i")
    model.graph.sparse_initializer.append(onnx.helper.make_sparse_tensor(values, indices, [1, 2]))
    graph = load(saved(tmp_path, model))
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(graph.proto().graph.initializer[0]), [[0, 5]])


def test_files_that_are_no_models(tmp_path):
    """Missing, a folder, empty, text, a picture's header, a protobuf of something else."""
    path = tmp_path / "net.onnx"
    with pytest.raises(ModelFileError, match="no such file"):
        load(path)
    with pytest.raises(ModelFileError, match="a folder"):
        load(tmp_path)
    for content in (b"", b"hello, I am not a model", b"\x89PNG\r\n\x1a\n" + bytes(100), b"\x08\x08"):
        path.write_bytes(content)
        with pytest.raises(ModelFileError):
            load(path)


def test_every_truncation_is_refused(tmp_path):
    """Wherever the file is cut, it is not taken for a model."""
    model = parse("h = Mul (x, w) y = Relu (h)")
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(2, np.float32), "w"))
    content = model.SerializeToString()
    path = tmp_path / "net.onnx"
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ModelError):
            load(path)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_an_unreadable_file(tmp_path):
    """The system's reason is given."""
    path = saved(tmp_path, parse("y = Relu (x)"))
    path.chmod(0)
    with pytest.raises(ModelFileError, match="cannot be read"):
        load(path)
