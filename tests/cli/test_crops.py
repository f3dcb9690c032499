"""`mobilekit crops` writes pictures and says where."""

from __future__ import annotations

import json

import onnx
from PIL import Image

MODEL = """<ir_version: 8, opset_import: ["": 17]>
g (float[1, 3, 16, 16] image) => (float[1, 3, 16, 16] y) { y = Relu(image) }"""


def test_crops(cli, tmp_path):
    """Folders with their numbers of pictures and the manifest are listed; --json has the same."""
    onnx.save(onnx.parser.parse_model(MODEL), tmp_path / "net.onnx")
    (tmp_path / "mobilekit.toml").write_text(
        '[model]\npath = "net.onnx"\n[inputs.image]\nkind = "image"\nrange = [0.0, 1.0]\n'
    )
    (tmp_path / "selfies").mkdir()
    for index in range(2):
        Image.new("RGB", (20, 30), (80 * index, 90, 200)).save(tmp_path / f"selfies/{index}.jpg")
    done = cli("crops", "--photos", "selfies", "--crop", "none")
    assert done.returncode == 0, done.stderr
    assert "2 photos from selfies" in done.stderr
    assert "image/  2 pictures" in done.stderr
    assert "photos.toml" in done.stderr
    with Image.open(tmp_path / "crops/image/1.png") as picture:
        assert picture.size == (16, 16)
    told = json.loads(cli("crops", "--photos", "crops/photos.toml", "--out", "again", "--json").stdout)
    assert told["without_face"] == []
    assert list(told["folders"].values()) == [2]
    missing = cli("crops")
    assert missing.returncode == 2
    assert "--photos" in missing.stderr
