"""Packages with pixel buffers compute what ONNX Runtime does with the model's own normalisation."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.convert.coreml.api import emit
from mobilekit.description import ModelDescription
from mobilekit.errors import InputDataError
from mobilekit.runtimes.coreml import open_reference
from tests.convert.coreml.test_images import IMAGENET, graph_of, image, pixels, run

SEEDED = np.random.default_rng(3)
NCHW = """(float[1,C,8,6] x, float[1,4] v) => (float[1,3,8,6] y, float[1,1,8,6] mask)
 { a = Conv <kernel_shape = [3,3], pads = [1,1,1,1]> (x, w) b = Relu (a) s = Reshape (v, shape) c = Add (b, s)
   d = Conv <kernel_shape = [1,1]> (c, u) y = Tanh (d) m = ReduceMean (c, axes) mask = Sigmoid (m) }"""
NHWC = """(float[1,8,6,C] x, float[1,4] v) => (float[1,8,6,3] y, float[1,1,8,6] mask)
 { t = Transpose <perm = [0,3,1,2]> (x) a = Conv <kernel_shape = [3,3], pads = [1,1,1,1]> (t, w) b = Relu (a)
   s = Reshape (v, shape) c = Add (b, s) d = Conv <kernel_shape = [1,1]> (c, u) e = Tanh (d)
   y = Transpose <perm = [0,2,3,1]> (e) m = ReduceMean (c, axes) mask = Sigmoid (m) }"""


def network(text: str, channels: int):
    constants = {
        "w": SEEDED.normal(0, 0.3, (4, channels, 3, 3)).astype(np.float32),
        "u": SEEDED.normal(0, 0.3, (3, 4, 1, 1)).astype(np.float32),
        "shape": np.array([1, 4, 1, 1]),
        "axes": np.array([1]),
    }
    return graph_of(text.replace("C]", f"{channels}]").replace(",C,", f",{channels},"), constants)


def compared(tmp_path, text, said, *, precision):
    """Largest differences of picture (in pixels) and mask, over a package's run and ONNX Runtime's."""
    graph = network(text, said.channels)
    shown = image(range=(-1.0, 1.0), color="bgr" if said.color == "bgr" else "rgb")
    description = ModelDescription(name="m", inputs={"x": said}, outputs={"y": shown})
    path = tmp_path / "m.mlpackage"
    emit(graph, path, precision=precision, description=description, io="image")
    mean, std = (np.array(v, np.float32).reshape(1, -1, 1, 1) for v in said.affine())
    values = ((pixels(1, said.channels, 8, 6) - mean) / std).astype(np.float32)
    values = values if text is NCHW else values.transpose(0, 2, 3, 1)
    feed = {"x": values, "v": SEEDED.normal(0, 1, (1, 4)).astype(np.float32)}
    expected = run(graph, **feed)
    with open_reference(path) as session:
        found = session.run(feed, taps=("b",))
    assert found["y"].shape == expected["y"].shape
    assert np.all(found["b"] >= 0)
    return [float(np.abs(found[n] - expected[n]).max()) * scale for n, scale in (("y", 127.5), ("mask", 1))]


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize(
    "said",
    [
        image(**IMAGENET),
        image(range=(-1.0, 1.0)),
        image(range=(0.0, 1.0), color="bgr"),
        image(range=(-1.0, 1.0), color="gray"),
        image(range=(0.0, 5e-5)),
    ],
    ids=["imagenet", "minus-one", "bgr", "gray", "tiny"],
)
def test_packages_compute_what_the_model_does(tmp_path, said, precision):
    """A picture within its rounding; a mask, which is no picture, as exactly as the precision has it."""
    picture, mask = compared(tmp_path, NCHW, said, precision=precision)
    assert picture <= (0.51 if precision == "fp32" else 1.6)
    assert mask <= (1e-5 if precision == "fp32" else 4e-3)


@pytest.mark.parametrize(
    "text",
    [
        "(float[1,3,8,6] x) => (float[1,3,8,6] y) { c = Conv <kernel_shape = [1,1]> (x, w) y = Sin (c) }",
        """(float[1,8,6,3] x) => (float[1,3,8,6] y)
         { t = Transpose <perm = [0,3,1,2]> (x) c = Conv <kernel_shape = [1,1]> (t, w) y = Sin (c) }""",
    ],
    ids=["nchw", "nhwc"],
)
def test_islands_read_float32_values_of_pixels(tmp_path, text):
    """A phase of thousands needs more digits than float16 has, from the pixels on."""
    weights = SEEDED.normal(0, 1000, (3, 3, 1, 1)).astype(np.float32)
    graph = graph_of(text, {"w": weights})
    description = ModelDescription(
        name="m", inputs={"x": image(**IMAGENET)}, outputs={"y": image(range=(-1.0, 1.0))}
    )
    islands = ("t", "c", "y") if "t =" in text else ("c", "y")
    emit(
        graph,
        tmp_path / "m.mlpackage",
        precision="fp16",
        description=description,
        io="image",
        islands=islands,
    )
    values = (pixels(1, 3, 8, 6) - np.reshape(IMAGENET["mean"], (1, 3, 1, 1))) / np.reshape(
        IMAGENET["std"], (1, 3, 1, 1)
    )
    values = (values if "t =" not in text else values.transpose(0, 2, 3, 1)).astype(np.float32)
    with open_reference(tmp_path / "m.mlpackage") as session:
        found = session.run({"x": values})
    assert float(np.abs(found["y"] - run(graph, x=values)["y"]).max()) * 127.5 < 3.0


def test_channels_last(tmp_path):
    """The session speaks NHWC, the package NCHW."""
    picture, mask = compared(tmp_path, NHWC, image(**IMAGENET), precision="fp32")
    assert picture <= 0.51
    assert mask <= 1e-5


def test_what_no_pixel_is_is_refused(tmp_path):
    """Values beyond black and white cannot be given to a package of pictures."""
    graph = network(NCHW, 3)
    description = ModelDescription(name="m", inputs={"x": image(range=(-1.0, 1.0))})
    path = tmp_path / "m.mlpackage"
    emit(graph, path, precision="fp32", description=description, io="image")
    feed = {"x": np.full((1, 3, 8, 6), 3.0, np.float32), "v": np.zeros((1, 4), np.float32)}
    with open_reference(path) as session, pytest.raises(InputDataError, match="image"):
        session.run(feed)
