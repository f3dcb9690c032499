"""mobilekit inspect: facts as text and as JSON, before anything is converted."""

from __future__ import annotations

import json

import onnx
import pytest

TEXT = """
<ir_version: 8, opset_import: ["" : 17], producer_name: "maker">
g (float[1, 3, H, W] image) => (float[1, 3, H, W] out) { t = Selu (image)  out = Relu (t) }
"""


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "net.onnx"
    onnx.save(onnx.parser.parse_model(TEXT), path)
    return path


def test_text(cli, model):
    """Inputs, operators, what is rewritten, and each tier."""
    done = cli("inspect", model, "--shape", "image=1,3,32,32")
    assert done.returncode == 0, done.stderr
    assert "made by maker; opset ai.onnx 17" in done.stdout
    assert "input   image  float 1×3×H×W  not described" in done.stdout
    assert "operators: Relu 1, Selu 1" in done.stdout
    assert "tier flagship: int8 on npu, gpu, cpu; image 1×3×32×32" in done.stdout


def test_open_dimensions_are_part_of_the_answer(cli, model):
    """Without a shape the facts are shown, with what to give."""
    done = cli("inspect", model)
    assert done.returncode == 0
    assert "not looked at further" in done.stdout
    assert "--shape image=" in done.stdout


def test_json(cli, model):
    """--json prints JSON and nothing else."""
    done = cli("inspect", model, "--shape", "image=1,3,32,32", "--json")
    facts = json.loads(done.stdout)
    assert facts["operators"] == {"Relu": 1, "Selu": 1}
    assert facts["refusals"] == []


def test_refusals_are_listed(cli, tmp_path):
    """An operator without an exact form is named before anything is converted."""
    text = TEXT.replace("Selu (image)", "RandomNormalLike (image)").replace("1, 3, H, W", "1, 3, 4, 4")
    onnx.save(onnx.parser.parse_model(text), tmp_path / "net.onnx")
    done = cli("inspect", tmp_path / "net.onnx")
    assert done.returncode == 20, done.stderr
    assert "error: target android cannot have" in done.stderr
    assert "1 operator refused" in done.stderr
    as_json = cli("inspect", tmp_path / "net.onnx", "--json")
    assert as_json.returncode == 20
    assert "RandomNormalLike" in json.loads(as_json.stdout)["refusals"][0]
    refused = done.stdout.partition("refused (1):")[2]
    assert "RandomNormalLike" in refused.splitlines()[1]
    assert "not possible as it is" in refused


@pytest.mark.parametrize(("group", "name"), [("inputs", "imgae"), ("outputs", "uot"), ("inputs", "image")])
def test_described_tensors_exist(cli, model, tmp_path, group, name):
    """A table of no input or output of the model is exit code 50, as in `package`; one of its own is none."""
    text = f'[model]\npath = "net.onnx"\n[{group}.{name}]\nkind = "image"\nrange = [0, 1]\n'
    (tmp_path / "mobilekit.toml").write_text(text)
    done = cli("inspect", model, "--shape", "image=1,3,32,32")
    if name == "image":
        assert done.returncode == 0, done.stderr
    else:
        assert done.returncode == 50
        assert f"[{group}.{name}] describes no {group[:-1]} of" in done.stderr
        assert f"its {group} are: {'image' if group == 'inputs' else 'out'}" in done.stderr


def test_bad_target(cli, model, tmp_path):
    """A target that is not there lists those that are; a wrong file is named with line and key."""
    done = cli("inspect", model, "--target", "andriod")
    assert done.returncode == 51
    assert "android" in done.stderr
    (tmp_path / "mine.toml").write_text('name = "mine"\nformat = "tflit"\n')
    done = cli("inspect", model, "--target", "mine.toml")
    assert done.returncode == 51
    assert "mine.toml:2: format" in done.stderr


def test_delegates_are_predicted_by_their_lists(cli, tmp_path):
    """What a delegate would refuse is shown with the reason and the list's version; the exit code stays 0."""
    text = """
    <ir_version: 8, opset_import: ["" : 17]>
    g (float[1, 3, 8, 8] image) => (float[1, 3, 8, 8] out) { s = Sign (image)  out = Relu (s) }
    """
    onnx.save(onnx.parser.parse_model(text), tmp_path / "net.onnx")
    done = cli("inspect", tmp_path / "net.onnx")
    assert done.returncode == 0, done.stderr
    shown = done.stdout.partition("by the published operator lists of delegates, not run here:")[2]
    assert "flagship (int8) on gpu, gpu: all 2 operators" in shown
    assert "low (int8-dynamic) on cpu, xnnpack: 1 of 2 operators; it refuses" in shown
    assert "1 × SIGN: not on its list: Sign s" in shown
    assert "on npu, google-tensor: none of 2 operators is on its list of refusals" in shown
    assert "list of gpu: LiteRT" in shown
    delegates = json.loads(cli("inspect", tmp_path / "net.onnx", "--json").stdout)["delegates"]
    assert {each["delegate"] for each in delegates} >= {"xnnpack", "gpu", "qualcomm-htp"}
    refused = [r for each in delegates if each["delegate"] == "xnnpack" for r in each["refused"]]
    assert refused[0]["node"] == "Sign s"
