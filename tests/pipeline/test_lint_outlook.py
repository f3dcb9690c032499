"""Lints are judged per tier, said once, and name the model's own nodes."""

from __future__ import annotations

import onnx
import pytest

from mobilekit.description import ModelDescription, TensorDescription
from mobilekit.pipeline.lint_outlook import compute_units, lint_outlook, open_shape_outlook
from mobilekit.source.graph import graph_from_proto
from mobilekit.tier import Tier
from tests.convert.coreml.lints.graphs import graph_of

NOTHING = ModelDescription(name="m")
GATHER = "(float[4,2] x, int64[3] i) => (float[3,2] y) { y = Gather <axis = 0> (x, i) }"


def tier(name: str, *accelerators: str, precision: str = "fp16") -> Tier:
    return Tier(name=name, precision=precision, accelerators=accelerators)


def outlook(*tiers: Tier, **options):
    graph = graph_of(GATHER)
    source = graph.proto()
    source.graph.node[0].name = "/lookup"
    given = {"source": graph_from_proto(source, stage="source"), "description": NOTHING, **options}
    return lint_outlook(graph, tiers, **given)


def test_a_lint_is_said_once_with_its_tiers():
    found = [
        each
        for each in outlook(tier("a", "npu", "cpu"), tier("b", "npu", "gpu", "cpu"))
        if each.rule == "operator"
    ]
    assert [(each.node, each.tiers) for each in found] == [("/lookup", ("a", "b"))]


def test_tiers_without_the_neural_engine_have_none_of_it():
    found = [
        each for each in outlook(tier("a", "npu", "cpu"), tier("b", "gpu", "cpu")) if each.rule == "operator"
    ]
    assert [each.tiers for each in found] == [("a",)]


def test_open_dimensions_are_the_files():
    found = outlook(tier("a", "cpu"), inputs={"x": ("n", 2), "i": (3,)})
    assert [each.node for each in found if each.rule == "open-shape"] == ["x"]


@pytest.mark.parametrize(
    ("accelerators", "units"),
    [
        (("npu", "gpu", "cpu"), "all"),
        (("npu", "cpu"), "cpu_and_ne"),
        (("gpu", "cpu"), "cpu_and_gpu"),
        (("cpu",), "cpu_only"),
    ],
)
def test_compute_units(accelerators, units):
    assert compute_units(accelerators) == units


def test_rewritten_nodes_are_named_by_what_they_come_from():
    text = (
        '(float[4,2] x, int64[3] i) => (float[3,2] y) { "y/g" = Gather <axis = 0> (x, i) y = Relu ("y/g") }'
    )
    source = onnx.parser.parse_model(
        '<ir_version: 10, opset_import: ["": 21]> g (float[4,2] x) => (float[3,2] y) { y = Relu (x) }'
    )
    source.graph.node[0].name = "/block/relu"
    frozen = graph_from_proto(source, stage="source")
    found = lint_outlook(graph_of(text), [tier("a", "npu", "cpu")], source=frozen, description=NOTHING)
    assert "/block/relu" in {each.node for each in found if each.rule == "operator"}


def test_impossible_images_matter_where_images_are_asked_for():
    said = ModelDescription(name="m", inputs={"x": TensorDescription(kind="image")})
    asked = Tier(name="a", precision="fp16", io="image")
    found = outlook(asked, tier("b", "cpu"), description=said)
    assert [(each.node, each.tiers) for each in found if each.rule == "image"] == [("x", ("a",))]


def test_what_can_be_told_of_open_files():
    found = open_shape_outlook({"x": ("n", 2)}, [tier("a", "cpu"), tier("b", "npu", "cpu")])
    assert [(each.rule, each.node, each.tiers) for each in found] == [("open-shape", "x", ("a", "b"))]
