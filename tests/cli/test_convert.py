"""mobilekit convert: flags are the keywords of mobilekit.convert."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest

from mobilekit.artifact import digest_of_path

TEXT = """
<ir_version: 10, opset_import: ["" : 21]>
g (float[1, 3, 8, 8] x, float[1, 3, 1, 1] s) => (float[1, 3, 8, 8] y) { t = Relu (x)  y = Mul (t, s) }
"""


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "net.onnx"
    onnx.save(onnx.parser.parse_model(TEXT), path)
    return path


def test_converts_and_runs(cli, model, tmp_path):
    """The file computes what the model computes; the summary has its digest."""
    done = cli("convert", model, "--to", "tflite", "--precision", "fp32", "--out", "build")
    assert done.returncode == 0, done.stderr
    (file,) = (tmp_path / "build").glob("*.tflite")
    assert digest_of_path(file) in done.stderr
    assert done.stdout == ""
    rng = np.random.default_rng(0)
    feed = {"x": rng.normal(size=(1, 3, 8, 8)), "s": rng.normal(size=(1, 3, 1, 1))}
    np.savez(tmp_path / "in.npz", **{name: array.astype(np.float32) for name, array in feed.items()})
    for artifact, out in ((model, "a.npz"), (file, "b.npz")):
        assert cli("run", artifact, "--feed", "in.npz", "--out", out).returncode == 0
    np.testing.assert_allclose(np.load(tmp_path / "a.npz")["y"], np.load(tmp_path / "b.npz")["y"], rtol=1e-6)


def test_json(cli, model, tmp_path):
    """--json prints the artifact, and nothing else to stdout."""
    artifact = json.loads(cli("convert", model, "--json").stdout)
    assert artifact["sha256"] == digest_of_path(tmp_path / artifact["path"])
    assert artifact["size_bytes"] > 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--precision", "int7"], 2),
        (["--shape", "x=1"], 14),
        (["--shape", "x"], 2),
        (["--input", "z=nothing.npy"], 42),
        (["--input", "x=nothing.npy", "--input", "s=nothing.npy"], 42),
        (["--input", "x=nothing.npy"], 41),
        (["--photos", "nowhere"], 41),
        (["--config", "nowhere.toml"], 50),
        (["--precision", "int8"], 41),
    ],
)
def test_mistakes(cli, model, arguments, code):
    """Each mistake has its own exit code, says what is wrong, and writes nothing."""
    done = cli("convert", model, *arguments)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
