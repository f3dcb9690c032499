"""What delegates would take of each tier's file, predicted before anything is converted."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest

from mobilekit.convert.tflite.delegates.predict import predict
from mobilekit.convert.tflite.delegates.published import published_lists
from mobilekit.description import ModelDescription
from mobilekit.legalise.pipeline import legalise
from mobilekit.normalise.pipeline import normalise
from mobilekit.pipeline import convert, inspect
from mobilekit.pipeline.outlook import drafted_operators, unseen_plan
from mobilekit.source.load import load
from tests.pipeline.support import INPUTS, project, tiny_model, write_model, write_target

ARGMIN = """
<ir_version: 8, opset_import: ["": 17]>
g (float[1,3,16,16] image) => (float[1,3,16,16] y, int64[1,16,16] least)
{ y = Relu (image)  least = ArgMin <axis = 1, keepdims = 0> (y) }
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A project's folder."""
    monkeypatch.chdir(tmp_path)
    write_target(project(tmp_path))
    return tmp_path


def test_every_tier_and_accelerator_is_told(here):
    """In the order of the tiers and of their accelerators; all of it JSON, with the list's version."""
    found = inspect(target="android")
    order = list(dict.fromkeys((each.tier, each.accelerator) for each in found.delegates))
    assert order[:3] == [("flagship", "npu"), ("flagship", "gpu"), ("flagship", "cpu")]
    assert {each.delegate for each in found.delegates} == set(published_lists())
    for each in found.delegates:
        assert each.source == published_lists()[each.delegate].cited
        assert each.operators >= each.accelerated > 0
        assert not each.refused
    json.dumps(found.to_dict())


def test_a_refusal_names_the_node(here):
    """The GPU has no ARG_MIN and nobody's int64: the model's node is named, with the reason."""
    model = onnx.parser.parse_model(ARGMIN)
    model.graph.node[1].name = "/head/ArgMin"
    write_model(here, model)
    gpu = next(each for each in inspect(target="android").delegates if each.delegate == "gpu")
    assert gpu.tier == "flagship"  # int8: in the CPU's forms
    assert {refused.node for refused in gpu.refused} == {"/head/ArgMin"}
    assert any("not on its list" in refused.reason for refused in gpu.refused)
    assert gpu.accelerated < gpu.operators
    nameless = onnx.parser.parse_model(ARGMIN)
    write_model(here, nameless)
    gpu = next(each for each in inspect(target="android").delegates if each.delegate == "gpu")
    assert {refused.node for refused in gpu.refused} == {"ArgMin least"}


def test_tiers_of_other_shapes_are_left_out(here):
    """What is predicted is predicted of the very graph; a tier of another size has another one."""
    write_model(here, tiny_model(side="side"))
    assert {each.tier for each in inspect(target="mine.toml").delegates} == {"best"}
    write_model(here, tiny_model())
    assert {each.tier for each in inspect(target="mine.toml").delegates} == {"best", "rest"}


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8-dynamic", "int8"])
def test_drafted_operators_are_those_of_the_file(here, precision):
    """The same kinds and types as in the file that is converted, int8 ones by photos included."""
    from mobilekit.convert.tflite.delegates.operators import operators_of_file

    source = load(write_model(here, tiny_model()))
    legal = legalise(normalise(source, samples=()).graph, samples=()).graph
    drafted = drafted_operators(
        legal, ModelDescription(name="tiny", inputs={}, outputs={}), precision=precision
    )
    made = convert(
        "tiny.onnx", to="tflite", precision=precision, photos=here / "photos", inputs=INPUTS, out=here / "out"
    )
    written = operators_of_file(made.path)
    kinds = [o.kind for o in written if o.kind not in ("TRANSPOSE", "RESHAPE")]
    assert [o.kind for o in drafted if o.kind not in ("TRANSPOSE", "RESHAPE")] == kinds
    for one, other in zip(
        (o for o in drafted if o.kind == "CONV_2D"), (o for o in written if o.kind == "CONV_2D"), strict=True
    ):
        assert [t.dtype for t in one.inputs] == [t.dtype for t in other.inputs]
    assert predict(written, published_lists()["gpu"]).whole


def test_a_plan_without_photos_has_every_scale(here):
    """All values that int8 operators touch have one, and convolutions are int8."""
    source = load(write_model(here, tiny_model()))
    legal = legalise(normalise(source, samples=()).graph, samples=()).graph
    plan = unseen_plan(legal)
    assert [each.precision for each in plan.operators.values()] == ["int8"] * 3
    assert all(np.isfinite(scale.scale) for scale in plan.values.values())


def test_nothing_is_predicted_of_what_cannot_be_converted(here):
    """A model with refused operators has no file to speak of."""
    write_model(here, tiny_model(operator="RandomNormalLike"))
    assert inspect(target="mine.toml").delegates == ()
