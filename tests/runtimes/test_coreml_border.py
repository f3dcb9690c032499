"""Between ONNX values and features: metadata, carried types, pixels; foreign packages as they are."""

import json
from pathlib import Path

import numpy as np
import pytest

from mobilekit.errors import InputDataError, ModelFileError, UnsoundArtifactError, UnsupportedOperatorError
from mobilekit.runtimes.coreml_border import KEY, from_feature, read_border, to_feature
from mobilekit.runtimes.mil_reference.program import Feature, Program
from mobilekit.runtimes.mil_reference.types import DictionaryType, TensorType

WHERE = Path("net.mlpackage")


def package(*, entry=None, dtype="fp32", shape=(2,), colour=None, declared=None, tensors=None, text=None):
    """A program with one input x, by its metadata ``entry`` of ours, or foreign."""
    content = {"format": "mobilekit-coreml/1", "inputs": [entry], "outputs": [], "tensors": tensors or {}}
    metadata = {} if entry is None and text is None else {KEY: text or json.dumps(content)}
    feature = Feature(name="x", dtype=dtype, shape=shape, colour=colour)
    program = Program(functions={}, default="main", inputs=(feature,), outputs=(), metadata=metadata)
    return program, {"x": declared or TensorType(dtype=dtype, shape=shape)}


def carrier(**parts):
    program, values = package(**parts)
    return read_border(program, where=WHERE, values=values).inputs[0]


def entry(dtype="float32", shape=(2,), image=None):
    return {"name": "/in", "feature": "x", "dtype": dtype, "shape": list(shape), "image": image}


def test_integers_and_truth_values_are_carried_exactly():
    """int64 and booleans are carried as int32 and come back; what does not fit is refused."""
    wide = carrier(entry=entry("int64"), dtype="int32")
    given = to_feature(np.array([-5, 7]), wide, where="here")
    assert given.dtype == np.int32
    back = from_feature(given, wide, where="here")
    assert back.dtype == np.int64
    np.testing.assert_array_equal(back, [-5, 7])
    with pytest.raises(InputDataError, match="4294967296 do not fit int32"):
        to_feature(np.array([0, 2**32]), wide, where="here")
    truth = carrier(entry=entry("bool"), dtype="int32")
    np.testing.assert_array_equal(
        from_feature(np.array([0, 1], np.int32), truth, where="here"), [False, True]
    )


def test_scalars_travel_as_vectors():
    """A scalar travels as a vector of one element."""
    scalar = carrier(entry=entry(shape=()), shape=(1,))
    assert to_feature(np.array(2, np.float32), scalar, where="here").shape == (1,)
    assert from_feature(np.array([2], np.float32), scalar, where="here").shape == ()


@pytest.mark.parametrize(("layout", "shape"), [("nchw", (1, 3, 1, 2)), ("nhwc", (1, 1, 2, 3))])
def test_images_are_pixels_by_scale_and_bias(layout, shape):
    """Values become pixels by the inverse of scale and bias, per channel, and pixels values again."""
    image = {"color": "RGB", "layout": layout, "scale": [2 / 255, 1 / 255, 1.0], "bias": [-1.0, 0.0, -10.0]}
    picture = carrier(entry=entry(shape=shape, image=image), shape=(1, 3, 1, 2), colour="rgb")
    pixels = np.array([[0, 255], [51, 102], [3, 200]], np.float32).reshape(1, 3, 1, 2)
    values = pixels * np.reshape(image["scale"], (1, 3, 1, 1)) + np.reshape(image["bias"], (1, 3, 1, 1))
    values = (values.transpose(0, 2, 3, 1) if layout == "nhwc" else values).astype(np.float32)
    np.testing.assert_array_equal(to_feature(values, picture, where="here"), pixels)
    np.testing.assert_allclose(from_feature(pixels, picture, where="here"), values, rtol=1e-6)
    with pytest.raises(InputDataError, match="its values are pixels"):
        to_feature(values * 3, picture, where="here")


def test_another_shape_of_output_is_an_error():
    """An output of another shape than the metadata says is an error."""
    with pytest.raises(UnsoundArtifactError, match=r"got shape \[3\], expected \[2\]"):
        from_feature(np.zeros(3, np.float32), carrier(entry=entry()), where="here")


def test_foreign_packages_speak_for_themselves():
    """Without our metadata names, types and shapes are the package's own; open dimensions stay open."""
    program, values = package(dtype="fp16", declared=TensorType(dtype="fp16", shape=(None, 3)))
    border = read_border(program, where=WHERE, values=values)
    assert (border.inputs[0].spec.name, border.inputs[0].spec.dtype) == ("x", "float16")
    assert border.inputs[0].spec.shape == (-1, 3)
    assert border.tensors == {"x": "x"}
    with pytest.raises(UnsupportedOperatorError, match="not a tensor"):
        carrier(declared=DictionaryType(key="string", value="fp32"))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"entry": {**entry(), "feature": "y"}}, "a feature 'y' that the package does not have"),
        ({"entry": entry(shape=(3,))}, r"shape \[2\], its metadata \[3\]"),
        ({"entry": {"name": "x"}}, "is damaged"),
        ({"text": "{"}, "is damaged"),
        ({"text": '{"format": "mobilekit-coreml/9"}'}, "expected 'mobilekit-coreml/1'"),
    ],
)
def test_metadata_that_does_not_fit_is_an_error(parts, words):
    """Metadata that does not fit the program is an error, not a guess."""
    with pytest.raises(ModelFileError, match=words):
        carrier(**parts)
