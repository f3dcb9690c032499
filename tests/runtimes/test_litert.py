"""LiteRT answers in the ONNX model's terms, whatever layout and type the file has."""

import numpy as np
import pytest

from mobilekit.errors import InputDataError, ModelFileError, UnsupportedOperatorError, UsageError
from mobilekit.runtimes.litert import availability, open_tflite
from tests.runtimes.support import (
    FACTORS,
    NHWC,
    TinyFile,
    described,
    quantised_identity,
    scaled_tanh,
    unknown_operator,
)


@pytest.fixture
def x():
    """A feed of seeded noise."""
    return np.random.default_rng(0).standard_normal((1, 3, 4, 5)).astype(np.float32)


@pytest.fixture
def write(tmp_path):
    """Content to a file, and its path."""

    def write(content):
        (tmp_path / "net.tflite").write_bytes(content)
        return tmp_path / "net.tflite"

    return write


def test_inputs_and_outputs_are_in_onnx_layout(write, x, capfd):
    """Inputs and outputs are in onnx layout."""
    with open_tflite(write(scaled_tanh())) as session:
        assert session.inputs[0].shape == (1, 3, 4, 5)
        assert session.name.startswith("LiteRT")
        got = session.run({"x": x})["y"]
    np.testing.assert_allclose(got, np.tanh(x * FACTORS.reshape(1, 3, 1, 1)), atol=1e-6)
    assert got.flags.c_contiguous
    assert capfd.readouterr().err == ""


def test_taps_undo_layout_and_channel_scale(write, x):
    """The first run with taps opens the file again; outputs stay the same."""
    session = open_tflite(write(scaled_tanh()))
    before = session.run({"x": x})["y"]
    got = session.run({"x": x}, taps=["m", "equalised"])
    product = x * FACTORS.reshape(1, 3, 1, 1)
    np.testing.assert_allclose(got["m"], product, rtol=1e-6)
    np.testing.assert_allclose(got["equalised"], product / np.reshape([2, 4, 8], (1, 3, 1, 1)), rtol=1e-6)
    np.testing.assert_allclose(got["y"], before, atol=1e-6)
    with pytest.raises(UsageError, match="'factors'"):
        session.run({"x": x}, taps=["factors"])


def test_results_are_copies(write, x):
    """Results are copies."""
    session = open_tflite(write(scaled_tanh()))
    first = session.run({"x": x})["y"]
    kept = first.copy()
    session.run({"x": -x})
    np.testing.assert_array_equal(first, kept)


def test_float_values_are_quantised_as_tflite_does(write):
    """clamp(round half away(x / scale) + zero point), then back."""
    session = open_tflite(write(quantised_identity(scale=0.5, zero_point=-3)))
    assert session.inputs[0].dtype == "float32"
    x = np.array([[0.25, -0.25, 0.1, 1e9]], np.float32)
    np.testing.assert_array_equal(session.run({"x": x})["y"], [[0.5, -0.5, 0.0, (127 + 3) * 0.5]])


def test_a_foreign_file_is_taken_as_it_is(write):
    """A foreign file is taken as it is."""
    session = open_tflite(write(quantised_identity(metadata=False)))
    assert session.inputs[0].dtype == "int8"
    x = np.array([[1, -2, 3, 127]], np.int8)
    np.testing.assert_array_equal(session.run({"x": x})["y"], x)
    session = open_tflite(write(scaled_tanh(metadata=False)))
    assert [(s.name, s.shape) for s in session.inputs] == [("in", (1, 4, 5, 3))]
    session = open_tflite(write(scaled_tanh(metadata=False, signature=(["image"], ["result"]))))
    assert [s.name for s in (*session.inputs, *session.outputs)] == ["image", "result"]


def test_integers_must_fit_the_files_type(write):
    """Integers must fit the files type."""
    file = TinyFile()
    x = file.tensor("x", (4,), "int32")
    data = described((4,), [0], dtype="int64")
    session = open_tflite(write(file.bytes(inputs=[x], outputs=[x], metadata=data)))
    values = np.array([1, -2, 3, 2**31 - 1])
    got = session.run({"x": values})["y"]
    assert got.dtype == np.int64
    np.testing.assert_array_equal(got, values)
    with pytest.raises(InputDataError, match="does not fit int32"):
        session.run({"x": np.array([1, -2, 3, 2**31])})


@pytest.mark.parametrize(
    ("feed", "fault"),
    [
        ({}, "missing"),
        (
            {"x": np.zeros((1, 4, 5, 3), np.float32)},
            r"got float32 \[1, 4, 5, 3\], expected float32 \[1, 3, 4, 5\]",
        ),
        ({"x": np.zeros((1, 3, 4, 5))}, "got float64"),
        ({"in": np.zeros((1, 3, 4, 5), np.float32)}, "no input 'in'"),
    ],
)
def test_feeds_are_never_converted(write, feed, fault):
    """Feeds are never converted."""
    with pytest.raises(InputDataError, match=fault):
        open_tflite(write(scaled_tanh())).run(feed)


@pytest.mark.parametrize("keep", [0, 5, 20, 0.25, 0.5, 0.9, -1])
def test_a_truncated_file_is_a_typed_error(write, keep):
    """A truncated file is a typed error."""
    content = scaled_tanh()
    length = int(keep * len(content)) if isinstance(keep, float) else keep
    with pytest.raises(ModelFileError, match=r"net\.tflite"):
        open_tflite(write(content[:length]))


@pytest.mark.parametrize("content", [b"PK\x03\x04" * 50, np.random.default_rng(1).bytes(5000)])
def test_something_else_is_a_typed_error(write, content):
    """Something else is a typed error."""
    with pytest.raises(ModelFileError, match="not a TFLite file"):
        open_tflite(write(content))


def test_missing_files_and_folders_are_typed_errors(tmp_path):
    """Missing files and folders are typed errors."""
    with pytest.raises(ModelFileError, match="No such file"):
        open_tflite(tmp_path / "none.tflite")
    with pytest.raises(ModelFileError):
        open_tflite(tmp_path)


def test_metadata_that_lies_is_refused(write):
    """Metadata that lies is refused."""
    file = TinyFile()
    x = file.tensor("x", (1, 4, 5, 3))
    for data, fault in [
        (described((1, 3, 5, 4), NHWC), r"got shape \[1, 4, 5, 3\], expected \[1, 5, 4, 3\]"),
        (described(permutation=[0, 1, 1, 2]), "not a permutation"),
        ({**described(), "format": "mobilekit-tflite/99"}, "mobilekit-tflite/99"),
        ({**described(), "inputs": []}, "damaged"),
    ]:
        with pytest.raises(ModelFileError, match=fault):
            open_tflite(write(file.bytes(inputs=[x], outputs=[x], metadata=data)))


def test_an_operator_that_litert_lacks_is_a_typed_error(write):
    """An operator that litert lacks is a typed error."""
    with pytest.raises(UnsupportedOperatorError, match="NotThere"):
        open_tflite(write(unknown_operator()))


def test_a_closed_session_says_so(write, x):
    """A closed session says so."""
    with open_tflite(write(scaled_tanh()), threads=1) as session:
        pass
    with pytest.raises(UsageError, match="closed"):
        session.run({"x": x})


def test_it_is_available_here():
    """It is available here."""
    assert availability().available
    assert "LiteRT" in availability().detail
