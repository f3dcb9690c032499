"""Each tier's model is written in the forms of the accelerator that the tier names first."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest

from mobilekit.convert.tflite.delegates.operators import operators_of_file
from mobilekit.pipeline import inspect, package
from mobilekit.pipeline.formats.tflite import Tflite
from mobilekit.tier import Tier
from tests.pipeline.support import project, write_model, write_target

TARGET = """\
name = "mine"
format = "tflite"
[[tiers]]
name = "mid"
precision = "fp32"
accelerators = ["gpu", "cpu"]
budget = { mismatch_max = 0.5 }
[[tiers.rules]]
ram_min_bytes = 7_000_000_000
[[tiers]]
name = "low"
precision = "fp32"
accelerators = ["cpu"]
budget = { mismatch_max = 0.5 }
"""
ARGMIN = """
<ir_version: 8, opset_import: ["": 17]>
g (float[1,3,16,16] image) => (float[1,3,16,16] y, int64[1,16,16] least)
{ y = Tanh (image)  least = ArgMin <axis = 1, keepdims = 0> (y) }
"""

DEPTHWISE = """
<ir_version: 8, opset_import: ["": 17]>
g (float[1,3,32,32] image) => (float[1,32,32,32] y)
{ a = Conv (image, w)  d = Conv <group = 32, pads = [1, 1, 1, 1]> (a, v)  y = Tanh (d) }
"""
ONLY = """\
name = "mine"
format = "tflite"
[[tiers]]
name = "only"
precision = "int8"
accelerators = {}
budget = {{ psnr_mean = 1.0, psnr_worst = 1.0 }}
"""


@pytest.mark.parametrize(
    ("precision", "accelerators", "profile"),
    [
        ("fp16", ("gpu", "cpu"), "tflite-gpu"),
        ("fp32", ("cpu",), "tflite-cpu"),
        ("int8-dynamic", ("cpu", "gpu"), "tflite-cpu"),
        ("int8", ("npu", "gpu", "cpu"), "tflite-cpu"),
        ("int8", ("gpu", "cpu"), "tflite-cpu"),
    ],
)
def test_profile_of_a_tier(precision, accelerators, profile):
    """The first accelerator's; an int8 tier has the CPU's, whose graph every plan is of."""
    assert Tflite().profile_of(Tier(name="t", precision=precision, accelerators=accelerators)) == profile


def test_a_gpu_tier_gets_the_gpus_forms(tmp_path, monkeypatch):
    """ArgMin is ARG_MAX of the negative for the GPU and ARG_MIN for the CPU, as inspect said before."""
    monkeypatch.chdir(tmp_path)
    project(tmp_path)
    write_target(tmp_path, TARGET)
    write_model(tmp_path, onnx.parser.parse_model(ARGMIN))
    package(target="mine.toml", photos="photos", store="store")
    kinds = {
        tier: {o.kind for o in operators_of_file(tmp_path / f"dist/mine/{tier}/model.tflite")}
        for tier in ("mid", "low")
    }
    assert "ARG_MAX" in kinds["mid"]
    assert "ARG_MIN" not in kinds["mid"]
    assert "ARG_MIN" in kinds["low"]
    gpu = next(each for each in inspect(target="mine.toml").delegates if each.delegate == "gpu")
    assert "ARG_MIN" not in {refused.operator for refused in gpu.refused}


@pytest.mark.parametrize(("accelerators", "expected"), [('["npu", "cpu"]', "float"), ('["npu"]', "int8")])
def test_plans_of_a_tier_of_npus_are_not_a_processors(tmp_path, monkeypatch, accelerators, expected):
    """What a processor computes faster in float is int8 in a file for NPUs alone."""
    monkeypatch.chdir(tmp_path)
    model = onnx.parser.parse_model(DEPTHWISE)
    weights = {"w": np.full((32, 3, 1, 1), 0.3, np.float32), "v": np.full((32, 1, 3, 3), 0.1, np.float32)}
    model.graph.initializer.extend(onnx.numpy_helper.from_array(w, name) for name, w in weights.items())
    project(tmp_path, model)
    write_target(tmp_path, ONLY.format(accelerators))
    package(target="mine.toml", photos="photos", store="store")
    plan = json.loads((tmp_path / "dist/mine/only/plan.json").read_text())
    assert plan["operators"]["d"]["precision"] == expected
