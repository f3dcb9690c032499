"""A face fusion as users have them: two photos, an identity, a mask and a ratio, none of them an array file."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from PIL import Image

from mobilekit import open_runtime, pipeline
from mobilekit.calibrate.inputs import input_samples
from mobilekit.calibrate.photos import read_photos
from mobilekit.calibrate.synthetic import pattern
from mobilekit.config import read_description
from mobilekit.source.load import load

FUSION = """<ir_version: 8, opset_import: ["": 17]>
fusion (float[1, 3, 16, 16] target, float[1, 3, 16, 16] source, float[1, 8] identity,
        float[1, 1, 16, 16] mask, float[1, 1] ratio) => (float[1, 3, 16, 16] fused) {
  both = Concat<axis = 1>(target, source)
  deep = Conv<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(both, w1)
  shape = Constant<value_ints = [1, 8, 1, 1]>()
  style = Reshape(identity, shape)
  styled = Mul(deep, style)
  drawn = Conv<kernel_shape = [3, 3], pads = [1, 1, 1, 1]>(styled, w2)
  one_by_one = Constant<value_ints = [1, 1, 1, 1]>()
  share = Reshape(ratio, one_by_one)
  where = Mul(mask, share)
  change = Mul(drawn, where)
  fused = Add(target, change)
}"""
IDENTITY = """<ir_version: 8, opset_import: ["": 17]>
g (float[N, 3, 12, 12] face) => (float[N, 4] vector) {
  maps = Conv<kernel_shape = [12, 12]>(face, w)
  vector = Flatten(maps)
}"""
MASK = """<ir_version: 8, opset_import: ["": 17]>
g (float[1, 3, 16, 16] photo) => (float[1, 1, 16, 16] mask) { m = Conv<kernel_shape = [1, 1]>(photo, w)  mask = Sigmoid(m) }"""
CONFIG = """
[model]
path = "fusion.onnx"
[inputs.target]
kind = "image"
range = [-1.0, 1.0]
[inputs.source]
kind = "image"
range = [-1.0, 1.0]
[inputs.identity]
kind = "array"
from = "identity.onnx"
of = "source"
projection = "emap.npy"
normalize = true
[inputs.identity.input]
range = [-1.0, 1.0]
[inputs.mask]
kind = "array"
from = "mask.onnx"
of = "target"
[inputs.mask.input]
range = [0.0, 1.0]
[inputs.ratio]
kind = "array"
value = [0.3, 0.45, 0.6]
[outputs.fused]
kind = "image"
range = [-1.0, 1.0]
"""


def _save(text: str, path: str, seed: int, **shapes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(seed)
    model = onnx.parser.parse_model(text)
    for name, shape in shapes.items():
        weights = rng.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32)
        model.graph.initializer.append(numpy_helper.from_array(weights, name))
    onnx.save(model, path)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The three models, the matrix, the description, and two photos of each of three people."""
    monkeypatch.chdir(tmp_path)
    _save(FUSION, "fusion.onnx", 0, w1=(8, 6, 3, 3), w2=(3, 8, 3, 3))
    _save(IDENTITY, "identity.onnx", 1, w=(4, 3, 12, 12))
    _save(MASK, "mask.onnx", 2, w=(1, 3, 1, 1))
    np.save("emap.npy", np.random.default_rng(3).normal(size=(4, 8)).astype(np.float32))
    (tmp_path / "mobilekit.toml").write_text(CONFIG)
    for index in range(6):
        folder = tmp_path / "people" / "abc"[index // 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = pattern(np.random.default_rng(index))
        Image.fromarray(pixels).resize((48, 40)).save(folder / f"{index}.png")
    return tmp_path


def test_feeds_belong_together(here):
    """The identity is the source's, of length 1; the mask the target's; the ratios take turns."""
    photos = read_photos(here / "people")
    samples = input_samples(
        load(here / "fusion.onnx").inputs, read_description(here / "mobilekit.toml"), photos=photos
    )
    feeds = list(samples)
    assert [round(float(feed["ratio"][0, 0]), 2) for feed in feeds] == [0.3, 0.45, 0.6] * 2
    by_source = {feed["source"].tobytes(): feed["identity"] for feed in feeds}
    by_target = {feed["target"].tobytes(): feed for feed in feeds}
    assert len(by_source) == len(by_target) == 6
    for feed in feeds:
        assert np.linalg.norm(feed["identity"]) == pytest.approx(1.0, abs=1e-6)
        assert 0 < feed["mask"].min() < feed["mask"].max() < 1
        shown_as_target = by_target[feed["source"].tobytes()]
        assert not np.array_equal(shown_as_target["identity"], feed["identity"])
        assert np.array_equal(by_source[feed["source"].tobytes()], feed["identity"])


def test_int8_from_photos_alone(here):
    """The file computes what the model computes, on feeds that only photos and the description made."""
    artifact = pipeline.convert("fusion.onnx", precision="int8", photos="people", out="build")
    feed = input_samples(
        load(here / "fusion.onnx").inputs,
        read_description(here / "mobilekit.toml"),
        photos=read_photos(here / "people"),
    )[0]
    with open_runtime("fusion.onnx") as reference, open_runtime(artifact.path) as runtime:
        expected, found = reference.run(feed)["fused"], runtime.run(feed)["fused"]
    assert np.abs(found - expected).mean() < 0.05 * np.ptp(expected)
