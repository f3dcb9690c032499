"""mobilekit convert: flags are the keywords of mobilekit.convert."""

from __future__ import annotations

import json
import re

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


SINE = """
<ir_version: 10, opset_import: ["" : 21]>
g (float[1, 3, 8, 8] x) => (float[1, 3, 8, 8] y)
<float[3, 3, 1, 1] w = {0.5, 0.1, 0.2, 0.1, 0.6, 0.1, 0.2, 0.1, 0.4}, float k = {GAIN}>
{ t = Conv (x, w)  u = Mul (t, k)  v = Sin (u)  y = Conv (v, w) }
"""


@pytest.mark.parametrize(("gain", "is_low"), [("400.0", True), ("1.0", False)])
def test_summary_has_scheme_and_quality(cli, tmp_path, gain, is_low):
    """The summary names the scheme and each output's figures; under the target's budget it warns.

    Of an int8 input no plan can make a steep sine good.
    """
    onnx.save(onnx.parser.parse_model(SINE.replace("GAIN", gain)), tmp_path / "net.onnx")
    rng = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", rng.uniform(-1, 1, (8, 3, 8, 8)).astype(np.float32))
    arguments = ("convert", "net.onnx", "--precision", "int8", "--io", "int8", "--input", "x=x.npy")
    done = cli(*arguments)
    assert done.returncode == 0, done.stderr
    assert "net.int8.tflite: w8a8-" in done.stderr
    assert re.search(r"\n  y  PSNR \d+\.\d dB mean, \d+\.\d dB worst\n", done.stderr)
    words = "note: outside the int8 budget of target android: output y: PSNR mean"
    assert (words in done.stderr) is is_low
    warnings = json.loads(cli(*arguments, "--json").stdout)["meta"]["warnings"]
    assert bool(warnings) is is_low


def test_help_offers_only_what_works(cli, model):
    """Both formats are offered; one that does not exist, or precisions that Core ML lacks, are not accepted."""
    done = cli("convert", "--help")
    assert "tflite|coreml" in done.stdout
    assert cli("convert", model, "--to", "onnx").returncode == 2
    done = cli("convert", model, "--to", "coreml", "--precision", "int8")
    assert done.returncode == 2
    assert "for coreml it can be fp32, fp16" in done.stderr
