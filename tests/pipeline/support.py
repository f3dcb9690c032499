"""A tiny image model, its description, and photos to feed it with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from mobilekit.calibrate.synthetic import pattern

SIDE = 16
INPUTS = {"image": {"kind": "image", "range": [-1.0, 1.0]}}


def tiny_model(*, side: int | str = SIDE, seed: int = 0, operator: str = "LeakyRelu") -> onnx.ModelProto:
    """Image 1×3×side×side → Conv 3×3 to 8 → ``operator`` → Conv 3×3 to 3 → ``picture``; opset 17."""
    rng = np.random.default_rng(seed)
    first = rng.normal(0, 0.2, (8, 3, 3, 3)).astype(np.float32)
    last = rng.normal(0, 0.2, (3, 8, 3, 3)).astype(np.float32)
    convolution = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["image", "w1"], ["a"], **convolution),
            helper.make_node(operator, ["a"], ["b"]),
            helper.make_node("Conv", ["b", "w2"], ["picture"], **convolution),
        ],
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(first, "w1"), numpy_helper.from_array(last, "w2")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def write_model(folder: Path, model: onnx.ModelProto | None = None, name: str = "tiny.onnx") -> Path:
    """Save a model (the tiny one by default) in ``folder``."""
    path = folder / name
    onnx.save(model or tiny_model(), path)
    return path


def write_photos(folder: Path, count: int = 4) -> Path:
    """``count`` small photos with shades, edges and grain."""
    photos = folder / "photos"
    photos.mkdir()
    for index in range(count):
        pixels = pattern(np.random.default_rng(index))
        Image.fromarray(pixels).resize((48, 40)).save(photos / f"{index:02}.png")
    return photos


def write_config(folder: Path, *, model: str = "tiny.onnx", rest: str = "") -> Path:
    """A complete mobilekit.toml for the tiny model."""
    path = folder / "mobilekit.toml"
    text = f'[model]\npath = "{model}"\nname = "tiny"\nversion = "1.2.3"\n'
    text += '[inputs.image]\nkind = "image"\nrange = [-1.0, 1.0]\n' + rest
    path.write_text(text)
    return path


def project(folder: Path, model: onnx.ModelProto | None = None) -> Path:
    """Model, description and photos together in ``folder``."""
    write_model(folder, model)
    write_config(folder)
    write_photos(folder)
    return folder


TARGET = """\
name = "mine"
format = "tflite"
size = [24, 24]
[[tiers]]
name = "best"
precision = "int8"
accelerators = ["npu", "cpu"]
budget = { psnr_mean = 15.0 }
[[tiers.rules]]
ram_min_bytes = 7_000_000_000
[[tiers]]
name = "rest"
precision = "fp16"
accelerators = ["cpu"]
size = [12, 12]
"""


def write_target(folder: Path, text: str = TARGET) -> Path:
    """A target with a static int8 tier and an fp16 one."""
    path = folder / "mine.toml"
    path.write_text(text)
    return path
