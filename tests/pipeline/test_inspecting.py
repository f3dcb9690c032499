"""``inspect`` tells what is in a model and what will become of it, and converts nothing."""

from __future__ import annotations

import json

import onnx
import pytest

from mobilekit.errors import ModelFileError, UnknownOpsetError
from mobilekit.pipeline import inspect
from tests.pipeline.support import project, tiny_model, write_model, write_target


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A project's folder."""
    monkeypatch.chdir(tmp_path)
    write_target(project(tmp_path))
    return tmp_path


def write_refused(folder):
    """A model of noise, which no target has."""
    model = tiny_model()
    model.graph.node[1].op_type = "RandomNormalLike"
    del model.graph.node[2]
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_tensor_value_info("b", onnx.TensorProto.FLOAT, None))
    write_model(folder, model)


def test_facts_of_a_model(here):
    """Producer, opset, border with meanings, operators, tiers; all of it JSON."""
    model = tiny_model()
    model.producer_name, model.producer_version = "exporter", "2.1"
    write_model(here, model)
    found = inspect(target="mine.toml")
    assert (found.producer, found.opsets) == ("exporter 2.1", {"ai.onnx": 17})
    assert (found.inputs[0].shape, found.inputs[0].kind) == ((1, 3, 16, 16), "image")
    assert found.operators == {"Conv": 2, "LeakyRelu": 1}
    assert [(t.tier, t.precision, t.possible) for t in found.tiers] == [
        ("best", "int8", True),
        ("rest", "fp16", True),
    ]
    assert found.refusals == ()
    json.dumps(found.to_dict())


def test_what_is_recognised_and_rewritten_is_listed(here):
    """Patterns by kind, rewritings by rule, each with its node."""
    text = (
        '<ir_version: 8, opset_import: ["": 17]> g (float[1,3,16,16] image) => (float[1,3,16,16] y)'
        " <float[3] s = {1.0,2.0,3.0}, float[3] b = {0.0,0.0,0.0}>"
        " { n = InstanceNormalization (image, s, b) y = Softplus (n) }"
    )
    write_model(here, onnx.parser.parse_model(text))
    found = inspect(target="mine.toml")
    assert any("InstanceNormalization" in each["kind"] for each in found.recognised)
    assert found.rewrites
    assert found.legal_operators is not None


def test_refused_operators_are_part_of_the_answer(here):
    """Nothing is raised: a line per operator, and no tier is possible."""
    write_refused(here)
    found = inspect(target="mine.toml")
    assert len(found.refusals) == 1
    assert "RandomNormalLike" in found.refusals[0]
    assert not any(tier.possible for tier in found.tiers)


def test_open_dimensions_are_filled_by_the_target_or_said(here):
    """Images get the target's sizes; without a description what to give is said."""
    write_model(here, tiny_model(side="side"))
    shapes = [tier.shapes["image"] for tier in inspect(target="mine.toml").tiers]
    assert shapes == [(1, 3, 24, 24), (1, 3, 12, 12)]
    (here / "mobilekit.toml").unlink()
    found = inspect("tiny.onnx", target="mine.toml")
    assert "dynamic dimensions" in found.problem
    assert "--shape image=" in found.hint
    assert found.inputs[0].shape == (1, 3, "side", "side")


def test_what_is_not_a_model_is_refused(here):
    """As everywhere."""
    (here / "tiny.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelFileError):
        inspect(target="mine.toml")


def test_nothing_is_written(here):
    """Not even a folder."""
    before = sorted(here.rglob("*"))
    inspect(target="mine.toml")
    assert sorted(here.rglob("*")) == before


def test_all_refusals_are_listed_with_the_facts(here):
    """An unknown operator, an unsupported one and data-dependent sizes at once; borders stay visible."""
    model = tiny_model()
    for name, op, domain in (("d", "RandomNormalLike", ""), ("n", "NonZero", ""), ("m", "MyOp", "acme")):
        model.graph.node.append(onnx.helper.make_node(op, ["a"], [name], domain=domain))
        kind = onnx.TensorProto.INT64 if op == "NonZero" else onnx.TensorProto.FLOAT
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, kind, None))
    write_model(here, model)
    found = inspect(target="mine.toml")
    assert len(found.refusals) == 3
    assert found.operators["RandomNormalLike"] == 1
    assert found.inputs
    assert not any(tier.possible for tier in found.tiers)
    del model.graph.node[-1], model.graph.output[-1]
    write_model(here, model)
    assert len(inspect(target="mine.toml").refusals) == 2


def test_another_version_of_onnx_is_still_an_error(here):
    """No operator is to blame for it."""
    model = tiny_model()
    model.opset_import[0].version = 99
    write_model(here, model)
    with pytest.raises(UnknownOpsetError):
        inspect(target="mine.toml")


def test_tiers_of_integers_say_what_stays_float(tmp_path, monkeypatch):
    """Islands of the file to be are counted before anything is calibrated; float tiers have none."""
    monkeypatch.chdir(tmp_path)
    project(tmp_path, tiny_model(operator="Tanh"))
    write_target(tmp_path)
    best, rest = inspect(target="mine.toml").tiers
    assert best.islands is not None
    assert best.islands.quantize >= 1
    assert rest.islands is None


def test_an_ios_target_has_lints_and_no_delegates(here):
    """By MIL's operators and rules; all of it JSON. An android target has none."""
    text = (
        '<ir_version: 8, opset_import: ["": 17]> g (float[1,3,16,16] image, int64[2] i) => (float[1,3,2,16] y)'
        " { r = Relu (image) y = Gather <axis = 2> (r, i) }"
    )
    write_model(here, onnx.parser.parse_model(text))
    found = inspect(target="ios")
    assert {(each.rule, each.node) for each in found.lints} >= {
        ("operator", "Gather y"),
        ("border-type", "i"),
    }
    assert (found.delegates, found.refusals) == ((), ())
    assert [(tier.tier, tier.possible) for tier in found.tiers] == [
        ("flagship", True),
        ("mid", True),
        ("low", True),
    ]
    assert json.loads(json.dumps(found.to_dict()))["lints"][0]["source"]
    assert inspect(target="mine.toml").lints == ()


def test_an_ios_target_refuses_what_mil_has_not(here):
    """In the words of Core ML."""
    write_refused(here)
    found = inspect(target="ios")
    assert len(found.refusals) == 1
    assert found.lints == ()
