"""Types, quantisation and names of tensors, from the file: as LiteRT's interpreter tells them."""

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from mobilekit.errors import ModelFileError
from mobilekit.runtimes.tflite_details import read_details, read_names
from tests.runtimes.support import TinyFile, quantised_identity, scaled_tanh, schema


@pytest.mark.parametrize("content", [scaled_tanh(), quantised_identity(scale=0.25, zero_point=-7)])
def test_details_are_the_interpreters(content, tmp_path):
    """The same types, shapes, scales and zero points."""
    path = tmp_path / "net.tflite"
    path.write_bytes(content)
    expected = {d["index"]: d for d in Interpreter(model_path=str(path)).get_tensor_details() if d["name"]}
    for index, got in read_details(path, tuple(expected)).items():
        want = expected[index]
        assert got["dtype"] == np.dtype(want["dtype"])
        assert list(got["shape"]) == list(want["shape"])
        for key in ("scales", "zero_points"):
            np.testing.assert_array_equal(
                got["quantization_parameters"][key], want["quantization_parameters"][key]
            )


def test_names_are_the_signatures_or_the_tensors(tmp_path):
    """The first signature's names where there is one."""
    path = tmp_path / "net.tflite"
    path.write_bytes(scaled_tanh())
    assert read_names(path, (0, 3)) == ("in", "out")
    path.write_bytes(scaled_tanh(signature=(["x"], ["y"])))
    assert read_names(path, (3, 0)) == ("y", "x")


def test_what_holds_no_numbers_is_refused(tmp_path):
    """Strings are no tensors of ours."""
    file = TinyFile()
    x = file.tensor("x", (1,))
    file.tensors[x].type = schema.TensorType.STRING
    (tmp_path / "net.tflite").write_bytes(file.bytes(inputs=[x], outputs=[x]))
    with pytest.raises(ModelFileError, match="holds no numbers"):
        read_details(tmp_path / "net.tflite", (x,))
