"""mobilekit run: an .npz in, an .npz out, by ONNX names."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest

TEXT = """
<ir_version: 10, opset_import: ["" : 21]>
g (float[1, 3, 4, 4] x) => (float[1, 3, 4, 4] y) { y = Relu (x) }
"""


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "net.onnx"
    onnx.save(onnx.parser.parse_model(TEXT), path)
    return path


def test_executes(cli, model, tmp_path):
    """Outputs are written by ONNX name; the summary says what executed it."""
    x = np.linspace(-1, 1, 48, dtype=np.float32).reshape(1, 3, 4, 4)
    np.savez(tmp_path / "in.npz", x=x)
    done = cli("run", model, "--feed", "in.npz", "--out", "out.npz")
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "out.npz") as outputs:
        np.testing.assert_array_equal(outputs["y"], np.maximum(x, 0))
    assert "ONNX Runtime" in done.stderr
    assert "sha256" in done.stderr
    first = (tmp_path / "out.npz").read_bytes()
    assert cli("run", model, "--feed", "in.npz", "--out", "out.npz").returncode == 0
    assert (tmp_path / "out.npz").read_bytes() == first


def test_json(cli, model, tmp_path):
    """--json prints JSON and nothing else to stdout."""
    np.savez(tmp_path / "in.npz", x=np.ones((1, 3, 4, 4), np.float32))
    done = cli("run", model, "--feed", "in.npz", "--json")
    result = json.loads(done.stdout)
    assert result["outputs"]["y"] == {
        "dtype": "float32",
        "shape": [1, 3, 4, 4],
        "min": 1,
        "max": 1,
        "mean": 1,
    }
    assert done.stderr == ""


def test_what_an_accelerator_took_is_said(cli, tmp_path):
    """On the GPU: how much of the file runs there, for people and as JSON; precision elsewhere is refused."""
    from mobilekit.runtimes.adapters import find_adapter
    from tests.runtimes.support import scaled_tanh

    (tmp_path / "net.tflite").write_bytes(scaled_tanh())
    np.savez(tmp_path / "in.npz", x=np.ones((1, 3, 4, 5), np.float32))
    done = cli("run", "net.tflite", "--feed", "in.npz", "--precision", "fp16")
    assert done.returncode == 2
    assert "no precision to choose" in done.stderr
    if find_adapter().adapter is None:
        pytest.skip(f"no GPU: {find_adapter().reason}")
    command = ("run", "net.tflite", "--feed", "in.npz", "--accelerator", "gpu")
    assert "all 2 operators on" in cli(*command).stderr
    assert json.loads(cli(*command, "--json").stdout)["acceleration"]["whole"] is True


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 cut"])
def test_bad_feed(cli, model, tmp_path, content):
    """A feed that is no .npz is exit code 42 and names the file."""
    (tmp_path / "in.npz").write_bytes(content)
    done = cli("run", model, "--feed", "in.npz")
    assert done.returncode == 42
    assert "in.npz" in done.stderr
    assert "no such file" not in done.stderr
    assert "allow_pickle" not in done.stderr
    assert "Traceback" not in done.stderr


def test_feed_that_does_not_fit(cli, model, tmp_path):
    """Another shape is exit code 42."""
    np.savez(tmp_path / "in.npz", x=np.ones((1, 3, 4, 5), np.float32))
    assert cli("run", model, "--feed", "in.npz").returncode == 42


def test_missing_feed(cli, model):
    """A feed that is not there is exit code 42."""
    done = cli("run", model, "--feed", "nothing.npz")
    assert done.returncode == 42
    assert "nothing.npz: no such file" in done.stderr
