"""The first wrong operator is named, and only one that is wrong when fed the right inputs."""

import numpy as np
import onnx
import pytest

from mobilekit.convert.tflite.api import emit
from mobilekit.errors import ConversionDisagreementError, UnsupportedOperatorError
from mobilekit.metrics import Tolerance
from mobilekit.parity import per_op
from mobilekit.parity.per_op import first_wrong_operator, one_node_graph
from mobilekit.parity.whole_model import check_converted
from mobilekit.runtimes.litert import open_tflite
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import graph_from_proto

TEXT = """g (float[1,3,8,8] x) => (float[1,4,8,8] y, int64[1,1,8,8] label)
<float[1,4,1,1] k = {1.0, 2.0, 3.0, 4.0}> {
  a = Conv<kernel_shape = [1,1], strides = [1,1], dilations = [1,1], group = 1, pads = [0,0,0,0]>(x, w)
  b = Tanh(a)
  c = Mul(b, k)
  y = Sigmoid(c)
  label = ArgMax<axis = 1, keepdims = 1>(c)
}"""


@pytest.fixture
def graph():
    """A convolution with seeded weights, activations, a product, and an integer output."""
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["":21]>{TEXT}')
    weights = np.random.default_rng(0).standard_normal((4, 3, 1, 1)).astype(np.float32)
    model.graph.initializer.append(onnx.numpy_helper.from_array(weights, "w"))
    for node in model.graph.node:
        node.name = node.output[0]
    return graph_from_proto(onnx.shape_inference.infer_shapes(model), stage="legalised")


@pytest.fixture
def samples():
    """Two feeds of noise."""
    generator = np.random.default_rng(1)
    return [{"x": generator.standard_normal((1, 3, 8, 8)).astype(np.float32)} for _ in range(2)]


def build(graph, folder):
    """The converter under test, without a description."""
    path = folder / "net.tflite"
    path.write_bytes(emit(graph, precision="fp32"))
    return path


def sabotaged(op_type, replacement):
    """A converter that writes every ``op_type`` as ``replacement`` (same inputs, no attributes)."""

    def wrongly(graph, folder):
        model = graph.proto()
        for node in model.graph.node:
            if node.op_type == op_type:
                node.op_type = replacement
                del node.attribute[:]
        return build(graph_from_proto(model, stage="legalised"), folder)

    return wrongly


def test_a_right_conversion_has_no_wrong_operator(graph, samples):
    """Nothing is blamed."""
    assert first_wrong_operator(graph, build, samples, tolerance=Tolerance(psnr=80)) is None


@pytest.mark.parametrize(
    ("op", "as_op", "name"), [("Tanh", "Relu", "b"), ("Mul", "Add", "c"), ("Sigmoid", "Tanh", "y")]
)
def test_the_wrong_operator_is_named_and_not_its_consumers(graph, samples, op, as_op, name):
    """Everything after it is wrong too, in the whole model; alone it is right."""
    found = first_wrong_operator(graph, sabotaged(op, as_op), samples, tolerance=Tolerance(psnr=80))
    assert found.startswith(f"{op} '{name}' (")
    assert "dB" in found


def test_a_wrong_integer_operator_is_judged_by_mismatch(graph, samples):
    """ArgMin instead of ArgMax."""

    def wrongly(graph, folder):
        model = graph.proto()
        for node in model.graph.node:
            node.op_type = "ArgMin" if node.op_type == "ArgMax" else node.op_type
        return build(graph_from_proto(model, stage="legalised"), folder)

    found = first_wrong_operator(graph, wrongly, samples, tolerance=Tolerance(psnr=80))
    assert found.startswith("ArgMax 'label'")
    assert "of its elements differ" in found


def test_an_operator_that_is_refused_alone_is_the_answer(graph, samples):
    """With the refusal's own words."""

    def refuse(graph, folder):
        if graph.proto().graph.node[0].op_type == "Mul":
            message = "no TFLite lowering for Mul"
            raise UnsupportedOperatorError(message)
        return build(graph, folder)

    found = first_wrong_operator(graph, refuse, samples, tolerance=Tolerance(psnr=80))
    assert found == "Mul 'c' (no TFLite lowering for Mul)"


def test_the_search_goes_through_long_graphs_in_chunks(graph, samples, monkeypatch):
    """One node at a time finds the same."""
    monkeypatch.setattr(per_op, "_BYTES_PER_RUN", 1)
    found = first_wrong_operator(graph, sabotaged("Mul", "Add"), samples, tolerance=Tolerance(psnr=80))
    assert found.startswith("Mul 'c'")


def test_one_node_graphs_keep_constants_and_functions():
    """Constants stay initializers, functions of the model stay known, types come from the values."""
    model = onnx.parser.parse_model(
        """<ir_version: 10, opset_import: ["":21, "mobilekit":1]>
        g (float[1,2] x) => (float[1,2] y) <float[1,2] k = {2.0, 3.0}> { a = Neg(x)  y = mobilekit.Scale(a, k) }
        <domain: "mobilekit", opset_import: ["":21]> Scale (v, s) => (r) { r = Mul(v, s) }"""
    )
    values = {"a": np.ones((1, 2), np.float32), "y": np.ones((1, 2), np.float32)}
    single = one_node_graph(model, model.graph.node[1], values)
    assert [s.name for s in single.inputs] == ["a"]
    assert [s.name for s in single.outputs] == ["y"]
    with open_graph(single) as session:
        np.testing.assert_array_equal(session.run({"a": values["a"]})["y"], [[2, 3]])


def test_the_error_of_a_conversion_names_the_operator(graph, samples, tmp_path):
    """The whole way: convert wrongly, compare, search, raise."""
    wrong = sabotaged("Tanh", "Relu")
    for builder, raises in ((build, False), (wrong, True)):
        builder(graph, tmp_path)
        with open_graph(graph) as reference, open_tflite(tmp_path / "net.tflite") as candidate:
            check = {"tolerance": Tolerance(psnr=80), "graph": graph, "build": builder}
            if raises:
                with pytest.raises(ConversionDisagreementError, match="first wrong operator is Tanh 'b'"):
                    check_converted(reference, candidate, samples, **check)
            else:
                check_converted(reference, candidate, samples, **check)


def test_a_fault_of_the_whole_says_that_every_operator_is_right(graph, samples, tmp_path):
    """A file of another graph: its operators cannot be blamed."""
    sabotaged("Mul", "Add")(graph, tmp_path)
    with (
        open_graph(graph) as reference,
        open_tflite(tmp_path / "net.tflite") as candidate,
        pytest.raises(ConversionDisagreementError, match="every operator is right on its own"),
    ):
        check_converted(reference, candidate, samples, tolerance=Tolerance(psnr=80), graph=graph, build=build)
