"""Pictures of what inputs show are those that calibration sees; the manifest gives the photos again."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from PIL import Image

from mobilekit.calibrate.inputs import input_samples
from mobilekit.calibrate.photos import read_photos
from mobilekit.config import read_description
from mobilekit.errors import UsageError
from mobilekit.pipeline.cropping import crops
from mobilekit.tensors import DType, TensorSpec
from tests.calibrate.support import spot, write_detector

MODEL = """<ir_version: 8, opset_import: ["": 17]>
g (float[1, 3, 16, 16] image, float[1, 3] id) => (float[1, 3, 16, 16] y) { y = Relu(image) z = Relu(id) }"""
MEAN = """<ir_version: 8, opset_import: ["": 17]>
g (float[1, 3, 24, 24] face) => (float[1, 3, 1, 1] mean) { mean = GlobalAveragePool(face) }"""
CONFIG = """
[model]
path = "net.onnx"
[inputs.image]
kind = "image"
range = [0.0, 255.0]
crop = "face"
[inputs.id]
kind = "array"
from = "mean.onnx"
[inputs.id.input]
range = [0.0, 1.0]
[crop]
detector = "det.onnx"
[crop.input]
range = [0.0, 1.0]
[outputs.y]
kind = "image"
range = "?"
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A model with an image and an identity, its description, and photos of two people."""
    monkeypatch.chdir(tmp_path)
    onnx.save(onnx.parser.parse_model(MODEL), "net.onnx")
    onnx.save(onnx.parser.parse_model(MEAN), "mean.onnx")
    (tmp_path / "mobilekit.toml").write_text(CONFIG)
    write_detector(tmp_path / "det.onnx")
    for person, pixels in (
        ("anna", spot(2, 5)),
        ("ben", spot(4, 4)),
        ("carl", np.zeros((40, 40, 3), np.uint8)),
    ):
        (tmp_path / "photos" / person).mkdir(parents=True)
        Image.fromarray(pixels).save(tmp_path / "photos" / person / "1.png")
    return tmp_path


def test_pictures_are_those_that_calibrate(here):
    """A file per photo and input, at its size; embedding models' inputs too; photos without a face are named."""
    result = crops(photos="photos", out="out", store="store")
    files = sorted(file.relative_to(here / "out").as_posix() for file in (here / "out").rglob("*.png"))
    names = ("anna_1", "ben_1", "carl_1")
    assert files == [*(f"id.input/{n}.png" for n in names), *(f"image/{n}.png" for n in names)]
    assert {folder.name: count for folder, count in result.folders.items()} == {"image": 3, "id.input": 3}
    assert result.faceless == ("carl/1.png",)
    photos = read_photos(here / "photos")
    spec = TensorSpec(name="image", dtype=DType.FLOAT32, shape=(1, 3, 16, 16))
    fed = input_samples((spec,), read_description(here / "mobilekit.toml"), photos=photos)[0]["image"]
    with Image.open(here / "out/image/anna_1.png") as picture:
        assert np.array_equal(np.asarray(picture).transpose(2, 0, 1)[None], fed)
    with Image.open(here / "out/id.input/anna_1.png") as picture:
        assert picture.size == (24, 24)


def test_manifest_gives_the_photos_again(here):
    """The manifest is a set of photos: same bytes, same people."""
    result = crops(photos="photos", out="out", store="store", crop="center")
    assert result.faceless == ()
    again, before = read_photos(result.manifest), read_photos(here / "photos")
    assert (again.digest, again.people) == (before.digest, before.people)


def test_nothing_to_show(here):
    """A model whose inputs show no photos is a usage error."""
    (here / "mobilekit.toml").write_text('[model]\npath = "net.onnx"\n')
    with pytest.raises(UsageError, match=r"no input of net\.onnx shows photos"):
        crops(photos="photos", out="out", store="store")
