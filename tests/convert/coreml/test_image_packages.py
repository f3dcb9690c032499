"""Packages with pixel buffers: image features, metadata, and the arithmetic as operators of the program."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mobilekit.convert.coreml.api import emit
from mobilekit.convert.coreml.metadata import KEY
from mobilekit.description import ModelDescription, TensorDescription
from mobilekit.libraries import coremltools
from tests.convert.coreml.test_images import IMAGENET, graph_of, image

TEXT = "(float[1,3,4,6] x, float[1,3] v) => (float[1,3,4,6] y, float[1,3] z) { y = Sigmoid (x) z = Relu (v) }"


def spec_of(path):
    return coremltools().models.MLModel(str(path), skip_model_load=True).get_spec()


def operators(spec):
    (block,) = spec.mlProgram.functions["main"].block_specializations.values()
    return [operation.type for operation in block.operations if operation.type != "const"]


@pytest.fixture
def described():
    return ModelDescription(
        name="m", inputs={"x": image(**IMAGENET)}, outputs={"y": image(range=(0.0, 1.0), color="bgr")}
    )


@pytest.mark.parametrize("opset", ["iOS15", "iOS17", "iOS18"])
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_image_package(tmp_path, described, opset, precision):
    """The described input and output are images, the vectors beside them multi-arrays."""
    path = tmp_path / "m.mlpackage"
    emit(graph_of(TEXT), path, precision=precision, description=described, io="image", opset=opset)
    spec = spec_of(path)
    features = {f.name: f.type for f in (*spec.description.input, *spec.description.output)}
    assert {name: kind.WhichOneof("Type") for name, kind in features.items()} == {
        "x": "imageType", "v": "multiArrayType", "y": "imageType", "z": "multiArrayType"
    }  # fmt: skip
    assert (features["x"].imageType.width, features["x"].imageType.height) == (6, 4)
    kinds = [kind for kind in operators(spec) if kind not in ("cast", "relu")]
    assert kinds == ["sub", "mul", "sigmoid", "mul", "clip", "round"]


def test_metadata_says_how_values_are_made_of_pixels(tmp_path, described):
    """Value = pixel * scale + bias, per channel, and taps find the model's value under its own name."""
    path = tmp_path / "m.mlpackage"
    emit(graph_of(TEXT), path, precision="fp32", description=described, io="image")
    content = json.loads(spec_of(path).description.metadata.userDefined[KEY])
    (first, second), (out, _) = content["inputs"], content["outputs"]
    assert (first["image"]["color"], second["image"], out["image"]["color"]) == ("RGB", None, "BGR")
    np.testing.assert_allclose(
        np.multiply(IMAGENET["mean"], first["image"]["scale"]) + first["image"]["bias"], 0, atol=1e-6
    )
    assert first["shape"] == [1, 3, 4, 6]
    assert content["tensors"]["x"] == "x_values"
    assert content["tensors"]["y"] == "y_values"
    assert "y/values" not in content["tensors"]


def test_islands_keep_their_names(tmp_path, described):
    """An output node that computes in float32 does so under its inner name too, from the pixels on."""
    kinds = {}
    for islands in ((), ("y",)):
        path = tmp_path / f"m{len(islands)}.mlpackage"
        emit(graph_of(TEXT), path, precision="fp16", description=described, io="image", islands=islands)
        kinds[islands] = operators(spec_of(path))
        assert json.loads(spec_of(path).description.metadata.userDefined[KEY])["islands"] == list(islands)
    values = ["sub", "mul", "sigmoid"]
    assert kinds[()][:4] == ["cast", *values]
    assert kinds["y",][:4] == [*values, "cast"]


def test_arrays_only(tmp_path):
    """Where nothing is an image, the package is the one of float32 borders."""
    nothing = ModelDescription(name="m", inputs={"x": TensorDescription()})
    for io in ("image", "float32"):
        emit(graph_of(TEXT), tmp_path / f"{io}.mlpackage", precision="fp32", description=nothing, io=io)
    first, second = (tmp_path / f"{io}.mlpackage/Manifest.json" for io in ("image", "float32"))
    assert first.read_bytes() == second.read_bytes()
