"""Pixels in, pixels out: the same values inside as the model has with its own normalisation."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from mobilekit.convert.coreml.images import image_of, make_image_features, with_images
from mobilekit.description import ModelDescription, TensorDescription
from mobilekit.errors import DescriptionError
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import graph_from_proto
from mobilekit.tensors import DType, Layout, TensorSpec

IMAGENET = {"mean": (123.675, 116.28, 103.53), "std": (58.395, 57.12, 57.375)}
SEVEN = np.random.default_rng(7)


def image(**said) -> TensorDescription:
    return TensorDescription(kind="image", **said)


def graph_of(text: str, constants=None):
    model = onnx.parser.parse_model('<ir_version: 10, opset_import: ["": 21]> g ' + text)
    for name, array in (constants or {}).items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return graph_from_proto(onnx.shape_inference.infer_shapes(model), stage="legalised")


def conv(channels=3, size=8):
    """Padded: zeros outside must be zeros of the model's values, not black pixels."""
    weights = SEVEN.normal(0, 0.3, (3, channels, 3, 3)).astype(np.float32)
    text = (
        f"(float[1,{channels},{size},{size}] x) => (float[1,3,{size},{size}] y)"
        " { y = Conv <kernel_shape = [3,3], pads = [1,1,1,1]> (x, w) }"
    )
    return graph_of(text, {"w": weights})


def run(graph, **feed):
    with open_graph(graph) as session:
        return session.run(feed)


def described(inputs=None, outputs=None) -> ModelDescription:
    return ModelDescription(name="m", inputs=inputs or {}, outputs=outputs or {})


def pixels(*shape: int):
    return SEVEN.integers(0, 256, shape).astype(np.float32)


@pytest.mark.parametrize(
    ("said", "color", "operators"),
    [
        (image(**IMAGENET), "RGB", ["Sub", "Mul", "Conv"]),
        (image(range=(-1.0, 1.0)), "RGB", ["Sub", "Mul", "Conv"]),
        (image(range=(0.0, 1.0), color="bgr"), "BGR", ["Mul", "Conv"]),
        (image(color="bgr", mean=(103.53, 116.28, 123.675), std=(1.0, 1.0, 1.0)), "BGR", ["Sub", "Conv"]),
        (image(range=(0.0, 255.0)), "RGB", ["Conv"]),
    ],
)
def test_inputs_are_normalised_inside(said, color, operators):
    """By operators that are there only if they do something; the padding stays the model's."""
    graph, given = conv(), pixels(1, 3, 8, 8)
    made = with_images(graph, described({"x": said}))
    mean, std = (np.array(v, np.float32).reshape(1, 3, 1, 1) for v in said.affine())
    expected = run(graph, x=(given - mean) / std)["y"]
    np.testing.assert_allclose(run(made.graph, x=given)["y"], expected, rtol=1e-4, atol=1e-4)
    assert [node.op_type for node in made.graph.proto().graph.node] == operators
    assert (made.images["x"].color, made.full_precision) == (color, ())
    onnx.checker.check_model(made.graph.proto(), full_check=True)


def test_gray():
    graph, given = conv(channels=1), pixels(1, 1, 8, 8)
    made = with_images(graph, described({"x": image(color="gray", range=(-1.0, 1.0))}))
    np.testing.assert_allclose(
        run(made.graph, x=given)["y"], run(graph, x=given / 127.5 - 1)["y"], rtol=1e-4, atol=1e-4
    )
    assert made.images["x"].color == "GRAYSCALE"


def test_an_array_stays_an_array():
    """Undescribed and described arrays: not an operator more."""
    graph = conv()
    made = with_images(graph, described({"x": TensorDescription()}, {"y": TensorDescription()}))
    assert (made.graph.model, dict(made.images), dict(made.inner)) == (graph.model, {}, {})


@pytest.mark.parametrize("said", [image(range=(-1.0, 1.0)), image(**IMAGENET), image(range=(0.0, 1.0))])
def test_outputs_are_whole_numbers_of_pixels(said):
    """Scaled back per channel, clipped to 0…255, rounded; the value itself is still there under ``inner``."""
    graph = graph_of("(float[1,3,4,4] x) => (float[1,3,4,4] y) { y = Mul (x, c) }", {"c": np.float32(1) * 2})
    made = with_images(graph, described(None, {"y": said}))
    given = SEVEN.normal(0, 1, (1, 3, 4, 4)).astype(np.float32)
    mean, std = (np.array(v, np.float32).reshape(1, 3, 1, 1) for v in said.affine())
    expected = np.round(np.clip(given * 2 * std + mean, 0, 255))
    found = run(made.graph, x=given)["y"]
    np.testing.assert_allclose(found, expected, atol=1.0)
    assert np.mean(found != expected) < 0.05
    assert set(np.unique(found)) <= set(np.arange(256.0))
    assert {0.0, 255.0} <= set(np.unique(found))
    assert dict(made.inner) == {"y": "y/values"}


def test_masks_and_vectors_beside_an_image_stay():
    text = (
        "(float[1,3,4,4] x, float[1,3] v) => (float[1,3,4,4] y, float[1,1,4,4] mask)"
        " { s = Reshape (v, shape) y = Add (x, s) mask = ReduceMean (y, axes) }"
    )
    constants = {"shape": np.array([1, 3, 1, 1]), "axes": np.array([1])}
    graph = graph_of(text, constants)
    made = with_images(graph, described({"x": image(range=(-1.0, 1.0))}, {"y": image(range=(-1.0, 1.0))}))
    given, vector = pixels(1, 3, 4, 4), np.full((1, 3), 0.25, np.float32)
    found, expected = run(made.graph, x=given, v=vector), run(graph, x=given / 127.5 - 1, v=vector)
    np.testing.assert_allclose(found["mask"], expected["mask"], atol=1e-5)
    np.testing.assert_allclose(found["y"], np.clip(expected["y"] * 127.5 + 127.5, 0, 255), atol=0.51)
    assert set(made.images) == {"x", "y"}


def test_channels_last_models_begin_and_end_without_their_transposes():
    """What a TensorFlow exporter writes first and last disappears: the pixels are NCHW already."""
    weights = SEVEN.normal(0, 0.3, (3, 3, 1, 1)).astype(np.float32)
    text = (
        "(float[1,4,5,3] x) => (float[1,4,5,3] y)"
        " { a = Transpose <perm = [0,3,1,2]> (x) b = Conv (a, w) y = Transpose <perm = [0,2,3,1]> (b) }"
    )
    graph = graph_of(text, {"w": weights})
    said = image(range=(-1.0, 1.0))
    made = with_images(graph, described({"x": said}, {"y": said}))
    assert "Transpose" not in {node.op_type for node in made.graph.proto().graph.node}
    given = pixels(1, 3, 4, 5)
    expected = run(graph, x=(given / 127.5 - 1).transpose(0, 2, 3, 1))["y"].transpose(0, 3, 1, 2)
    found = run(made.graph, x=given)["y"]
    np.testing.assert_allclose(found, np.clip(expected * 127.5 + 127.5, 0, 255), atol=0.51)
    assert made.images["x"].layout is Layout.NHWC


def test_channels_last_models_that_compute_so_get_transposes():
    graph = graph_of(
        "(float[1,4,5,3] x) => (float[1,4,5,3] y) { y = Mul (x, c) }", {"c": np.arange(3.0, dtype="f")}
    )
    said = image(range=(0.0, 1.0))
    made = with_images(graph, described({"x": said}, {"y": said}))
    given = pixels(1, 3, 4, 5)
    expected = np.clip(given * np.arange(3.0).reshape(1, 3, 1, 1), 0, 255)
    np.testing.assert_allclose(run(made.graph, x=given)["y"], expected, atol=0.51)


@pytest.mark.parametrize("dtype", ["uint8", "double", "float16"])
def test_images_of_other_types_are_cast(dtype):
    graph = graph_of(
        f"({dtype}[1,3,4,4] x) => ({dtype}[1,3,4,4] y) {{ y = Transpose <perm = [0,1,3,2]> (x) }}"
    )
    said = (
        image() if dtype == "uint8" else image(range=(0.0, 255.0))
    )  # bytes are pixels, unless said otherwise
    made = with_images(graph, described({"x": said}, {"y": said}))
    given = pixels(1, 3, 4, 4)
    np.testing.assert_array_equal(run(made.graph, x=given)["y"], given.transpose(0, 1, 3, 2))


def test_numbers_that_float16_has_not_are_left_to_float32():
    said = image(range=(0.0, 1e-4))
    made = with_images(conv(), described({"x": said}))
    assert made.full_precision == ("x/values",)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((2, 3, 4, 4), image()),
        ((1, 4, 4, 4), image()),
        ((3, 4, 4), image()),
        ((1, 3, 4, 4), image(color="gray", layout=Layout.NCHW)),
        ((1, 3, 4, 3), image()),
        ((1, 3, 4, 5), image()),
    ],
)
def test_what_no_pixel_buffer_can_be_is_refused(shape, said):
    with pytest.raises(DescriptionError, match="cannot be an image") as error:
        image_of(TensorSpec(name="x", dtype=DType.FLOAT32, shape=shape), said)
    assert error.value.hint


def test_a_picture_of_floats_needs_its_black_and_white():
    """Nobody but the model's maker knows them: an output of -1…1 taken for 0…255 would be a black picture."""
    spec = TensorSpec(name="y", dtype=DType.FLOAT32, shape=(1, 3, 4, 5))
    with pytest.raises(DescriptionError, match="nothing says the values of black and white"):
        image_of(spec, image())
    bytes_ = TensorSpec(name="y", dtype=DType.UINT8, shape=(1, 3, 4, 5))
    assert image_of(bytes_, image()).std == (1.0, 1.0, 1.0)
    assert image_of(spec, image(range=(0.0, 255.0))) == image_of(bytes_, image())


def test_features_become_images():
    """In the spec: width, height and colour space; what is no image stays a multi-array."""
    from mobilekit.libraries import coremltools

    spec = coremltools().proto.Model_pb2.Model()
    for name in ("x", "v"):
        spec.description.input.add(name=name).type.multiArrayType.shape.extend([1, 3, 4, 5])
    said = image_of(
        TensorSpec(name="x", dtype=DType.FLOAT32, shape=(1, 3, 4, 5)), image(color="bgr", range=(0.0, 1.0))
    )
    make_image_features(spec, {"x": said})
    first, second = (feature.type for feature in spec.description.input)
    assert first.WhichOneof("Type") == "imageType"
    kind = first.imageType
    assert (kind.width, kind.height, kind.ColorSpace.Name(kind.colorSpace)) == (5, 4, "BGR")
    assert second.WhichOneof("Type") == "multiArrayType"
