"""mobilekit package: packages of a small model of one's own, and what stops them."""

from __future__ import annotations

import json
import re

import numpy as np
import onnx
import pytest
from PIL import Image

from mobilekit.artifact import digest_of_path

TEXT = """
<ir_version: 10, opset_import: ["" : 21]>
g (float[1, 3, 16, 16] image) => (float[1, 3, 16, 16] out)
<float[3, 3, 1, 1] w = {0.5, 0.1, 0.2, 0.1, 0.6, 0.1, 0.2, 0.1, 0.4}>
{ t = Conv (image, w)  out = Sigmoid (t) }
"""

CONFIG = """
[model]
path = "net.onnx"
version = "3.1"
[inputs.image]
kind = "image"
range = [-1, 1]
[outputs.out]
kind = "image"
range = [0, 1]
"""


@pytest.fixture
def project(tmp_path):
    """A model, what its tensors mean, and four small photos."""
    onnx.save(onnx.parser.parse_model(TEXT), tmp_path / "net.onnx")
    (tmp_path / "mobilekit.toml").write_text(CONFIG)
    (tmp_path / "photos").mkdir()
    rng = np.random.default_rng(0)
    for index in range(4):
        pixels = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((24, 20)).save(tmp_path / f"photos/{index}.png")
    return tmp_path


def test_one_tier(cli, project):
    """The model that mobilekit.toml names; each file but the measured report has its digest; the second run is cached."""
    arguments = ("package", "--tier", "low", "--photos", "photos", "--out", "dist")
    done = cli(*arguments)
    assert done.returncode == 0, done.stderr
    assert "low: built" in done.stderr
    bundle = project / "dist/bundles/net-3.1-android-low.zip"
    for file in (bundle, project / "dist/android/low/model.tflite"):
        assert digest_of_path(file) in done.stderr
    assert digest_of_path(project / "dist/android/report.json") not in done.stderr
    assert re.search(r"report\.json +\d.*\(measured\)", done.stderr)
    assert re.search(
        r"low: built, w8-dynamic\n  out  PSNR \d+\.\d dB mean, \d+\.\d dB worst(; ΔE2000 .+)?\n", done.stderr
    )
    assert "low: cached" in cli(*arguments).stderr
    result = json.loads(cli(*arguments, "--json").stdout)
    assert (result["name"], result["version"], result["cached"]) == ("net", "3.1", True)


def test_no_photos(cli, project):
    """Calibration has no silent default: the command that works is printed."""
    done = cli("package", "net.onnx")
    assert done.returncode == 41
    assert "--photos" in done.stderr.partition("hint:")[2]
    assert not (project / "dist/android").exists()


def test_unfinished(cli, project):
    """What init marked must be filled in: file, line and key are named."""
    text = CONFIG.replace("range = [-1, 1]", 'range = "?"')
    (project / "mobilekit.toml").write_text(text)
    done = cli("package", "--photos", "photos")
    assert done.returncode == 50
    assert "mobilekit.toml:7: inputs.image.range" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--tier", "luxury"], 52),
        (["--target", "nowhere"], 51),
        (["--out", "net.onnx"], 60),
        (["--plan", "nowhere.json"], 53),
        (["--fallback", "guesswork"], 2),
        (["nowhere.onnx"], 10),
    ],
)
def test_mistakes(cli, project, arguments, code):
    """Each mistake has its own exit code and no traceback."""
    done = cli("package", "--photos", "photos", *arguments)
    assert done.returncode == code, done.stderr
    assert re.search("^error: ", done.stderr, re.MULTILINE)
    assert "internal error" not in done.stderr
