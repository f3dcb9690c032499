"""mobilekit init: a file to fill in."""

from __future__ import annotations

import onnx
import pytest

from mobilekit.config import read_description
from mobilekit.starter import border

TEXT = """
<ir_version: 8, opset_import: ["" : 17]>
g (float[N, 3, H, W] image, float[1, 512] id, float[1] w) => (float[N, 3, H, W] out, int64[1] n)
<float[1] w = {1.0}>
{ out = Relu (image)  n = Constant <value_ints = [1]> () }
"""


@pytest.fixture
def model(tmp_path):
    (tmp_path / "models").mkdir()
    path = tmp_path / "models/net.onnx"
    onnx.save(onnx.parser.parse_model(TEXT), path)
    return path


def test_writes_what_the_model_tells(cli, model, tmp_path):
    """Inputs without initializers, outputs, the model's relative path; the lines to fill in on stdout."""
    done = cli("init", "models/net.onnx")
    assert done.returncode == 0, done.stderr
    description = read_description(tmp_path / "mobilekit.toml")
    assert description.path == tmp_path / "models/net.onnx"
    assert list(description.inputs) == ["image", "id"]
    assert list(description.outputs) == ["out", "n"]
    assert [line.rpartition(" ")[2] for line in done.stdout.splitlines()] == [
        "inputs.image.range",
        "inputs.id.from",
        "outputs.out.range",
    ]
    assert "sha256" in done.stderr


def test_never_replaces_unasked(cli, model, tmp_path):
    """An existing file stays, unless --force."""
    (tmp_path / "mobilekit.toml").write_text("mine")
    done = cli("init", model)
    assert done.returncode == 60
    assert "--force" in done.stderr
    assert (tmp_path / "mobilekit.toml").read_text() == "mine"
    assert cli("init", model, "--force").returncode == 0
    assert (tmp_path / "mobilekit.toml").read_text() != "mine"


def test_dynamic_dimensions_are_open(model):
    """Open dimensions are 0 at the border: nothing is made up."""
    inputs, _ = border(model)
    assert inputs[0].shape == (0, 3, 0, 0)


def test_sizes_that_follow_are_known(tmp_path):
    """Exporters leave names where the inputs determine the size: a picture would look like an array."""
    text = TEXT.replace("[N, 3, H, W] image", "[1, 3, 8, 9] image").replace(
        "float[N, 3, H, W]", "float[a, b, c, d]"
    )
    path = tmp_path / "net.onnx"
    onnx.save(onnx.parser.parse_model(text), path)
    assert border(path)[1][0].shape == (1, 3, 8, 9)


def test_sizes_that_contradict_are_the_files_own(tmp_path):
    """`init` describes; what is wrong with a model is for the other commands to say."""
    path = tmp_path / "net.onnx"
    text = (
        '<ir_version: 8, opset_import: ["":17]> g (float[2] x, float[3] y) => (float[a] z) { z = Add (x, y) }'
    )
    onnx.save(onnx.parser.parse_model(text), path)
    assert border(path)[1][0].shape == (0,)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x08\x08\x12"])
def test_not_onnx(cli, tmp_path, content):
    """What is no model is exit code 10."""
    (tmp_path / "x.onnx").write_bytes(content)
    done = cli("init", "x.onnx")
    assert done.returncode == 10
    assert not (tmp_path / "mobilekit.toml").exists()


def test_missing(cli):
    """A model that is not there is exit code 10."""
    assert cli("init", "nothing.onnx").returncode == 10
