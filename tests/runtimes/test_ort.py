"""ONNX Runtime answers in the model's own terms, and refuses what does not fit exactly."""

import numpy as np
import onnx.parser
import pytest

from mobilekit.errors import InputDataError, ModelError, ModelFileError, UnsupportedOperatorError, UsageError
from mobilekit.runtimes.ort import availability, open_graph, open_onnx
from mobilekit.source.graph import graph_from_proto

HEAD = '<ir_version: 9, opset_import: ["":21]>'
CHAIN = f"""{HEAD}
g (float[1,3,4] x) => (float[1,3,4] y) <float[1] c = {{2.0}}> {{ a = Mul(x, c)  b = Relu(a)  y = Tanh(b) }}"""


def graph(text):
    """The graph of a model's text."""
    return graph_from_proto(onnx.parser.parse_model(text), stage="source")


@pytest.fixture
def x():
    """A feed of seeded noise."""
    return np.random.default_rng(0).standard_normal((1, 3, 4)).astype(np.float32)


def test_outputs_and_taps_have_onnx_names(x):
    """Taps may be inner values, inputs, initializers and outputs; what was not asked is not there."""
    with open_graph(graph(CHAIN), taps=["a", "b", "x", "c", "y"]) as session:
        assert [s.name for s in session.outputs] == ["y"]
        got = session.run({"x": x}, taps=["a", "c", "x", "y"])
    assert sorted(got) == ["a", "c", "x", "y"]
    np.testing.assert_array_equal(got["a"], x * np.float32(2))
    np.testing.assert_allclose(got["y"], np.tanh(np.maximum(2 * x, 0)), atol=1e-6)
    np.testing.assert_array_equal(got["c"], [2.0])


def test_untyped_taps_need_no_value_info_and_optimising_changes_nothing(x):
    """Untyped taps need no value info and optimising changes nothing."""
    plain = open_graph(graph(CHAIN), taps=["b"], optimise=False).run({"x": x}, taps=["b"])
    optimised = open_graph(graph(CHAIN), taps=["b"], threads=1).run({"x": x}, taps=["b"])
    np.testing.assert_array_equal(plain["b"], optimised["b"])


def test_a_tap_must_be_in_the_graph_and_declared(x):
    """A tap must be in the graph and declared."""
    with pytest.raises(UsageError, match="'nothing'"):
        open_graph(graph(CHAIN), taps=["nothing"])
    session = open_graph(graph(CHAIN), taps=["a"])
    with pytest.raises(UsageError, match="'b'"):
        session.run({"x": x}, taps=["b"])


@pytest.mark.parametrize(
    ("feed", "fault"),
    [
        ({}, r"'x' is missing, expected float32 \[1, 3, 4\]"),
        ({"x": np.zeros((1, 3, 4))}, "got float64 \\[1, 3, 4\\], expected float32"),
        ({"x": np.zeros((1, 4, 3), np.float32)}, "got float32 \\[1, 4, 3\\]"),
        ({"x": np.zeros((1, 3, 4), ">f4")}, "expected float32"),
        ({"x": [[[0.0]]]}, "a list, not a NumPy array"),
        ({"x": np.zeros((1, 3, 4), np.float32), "z": np.zeros(1)}, "there is no input 'z'"),
    ],
)
def test_feeds_are_never_converted(feed, fault):
    """Feeds are never converted."""
    with open_graph(graph(CHAIN)) as session, pytest.raises(InputDataError, match=fault):
        session.run(feed)


def test_non_contiguous_and_scalar_feeds_are_fine(x):
    """Non contiguous and scalar feeds are fine."""
    session = open_graph(graph(f"{HEAD} g (float[1,3,4] x, float s) => (float[1,3,4] y) {{ y = Mul(x, s) }}"))
    fortran = np.asfortranarray(x)
    got = session.run({"x": fortran, "s": np.array(3, np.float32)})["y"]
    np.testing.assert_array_equal(got, x * 3)


def test_initializers_that_are_inputs_are_not_asked_for(x):
    """Initializers that are inputs are not asked for."""
    model = onnx.parser.parse_model(CHAIN)
    model.graph.input.append(onnx.helper.make_tensor_value_info("c", onnx.TensorProto.FLOAT, [1]))
    session = open_graph(graph_from_proto(model, stage="source"))
    assert [s.name for s in session.inputs] == ["x"]
    np.testing.assert_allclose(session.run({"x": x})["y"], np.tanh(np.maximum(2 * x, 0)), atol=1e-6)


def test_open_dimensions_accept_any_size_and_fixed_ones_do_not(tmp_path):
    """Open dimensions accept any size and fixed ones do not."""
    path = tmp_path / "net.onnx"
    onnx.save(onnx.parser.parse_model(f"{HEAD} g (float[N,3] x) => (float[N,3] y) {{ y = Relu(x) }}"), path)
    with open_onnx(path) as session:
        assert session.inputs[0].shape == (-1, 3)
        assert session.run({"x": np.ones((7, 3), np.float32)})["y"].shape == (7, 3)
        with pytest.raises(InputDataError, match=r"expected float32 \[\?, 3\]"):
            session.run({"x": np.ones((7, 4), np.float32)})


@pytest.mark.parametrize("content", [b"", b"garbage" * 20, "truncated"])
def test_what_is_not_a_model_is_a_typed_error(tmp_path, content, capfd):
    """What is not a model is a typed error."""
    path = tmp_path / "net.onnx"
    good = onnx.parser.parse_model(CHAIN).SerializeToString()
    path.write_bytes(good[: len(good) // 2] if content == "truncated" else content)
    with pytest.raises(ModelFileError, match=r"net\.onnx"):
        open_onnx(path)
    assert capfd.readouterr().err == ""


def test_a_missing_file_is_a_typed_error(tmp_path):
    """A missing file is a typed error."""
    with pytest.raises(ModelFileError, match="no such file"):
        open_onnx(tmp_path / "net.onnx")


@pytest.mark.parametrize("node", ["y = NoSuchOp(x)", "y = no.such.Domain(x)"])
def test_an_unknown_operator_is_a_typed_error(node):
    """An unknown operator is a typed error."""
    text = f'<ir_version: 9, opset_import: ["":21, "no.such":1]> g (float[2] x) => (float[2] y) {{ {node} }}'
    with pytest.raises(UnsupportedOperatorError, match=r"NoSuchOp|Domain"):
        open_graph(graph(text))


def test_failing_while_running_names_the_operator_and_no_source_file(capfd):
    """Failing while running names the operator and no source file."""
    text = f"{HEAD} g (float[2,2] x, int64[1] s) => (float[4] y) {{ y = Reshape(x, s) }}"
    with pytest.raises(ModelError, match="Reshape") as caught:
        open_graph(graph(text)).run({"x": np.ones((2, 2), np.float32), "s": np.array([5])})
    assert ".cc" not in caught.value.message
    assert ".h:" not in caught.value.message
    assert capfd.readouterr().err == ""


def test_a_closed_session_says_so(x):
    """A closed session says so."""
    session = open_graph(graph(CHAIN))
    session.close()
    with pytest.raises(UsageError, match="closed"):
        session.run({"x": x})


def test_it_is_available_here():
    """It is available here."""
    assert availability().available
    assert "ONNX Runtime" in availability().detail
