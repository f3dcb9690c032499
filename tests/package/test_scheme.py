"""A scheme is named by what is int8, by the whole model's multiply-accumulates."""

from __future__ import annotations

import pytest

from mobilekit.package.scheme import Scheme, scheme_of
from mobilekit.quantisation import OperatorPlan, QuantisationPlan
from mobilekit.source.graph import graph_from_proto
from tests.pipeline.support import tiny_model


@pytest.mark.parametrize(
    ("precision", "name"), [("fp32", "fp32"), ("fp16", "fp16"), ("int8-dynamic", "w8-dynamic")]
)
def test_precisions_without_a_plan(precision, name):
    """Their names say all."""
    assert scheme_of(precision, None, None) == Scheme(name=name)


@pytest.mark.parametrize(
    ("last", "name", "share"), [("int8", "w8a8-static", 1.0), ("float", "w8a8-mixed", 0.5)]
)
def test_share_of_int8_decides(last, name, share):
    """Both convolutions have the same work: one in float is half of it."""
    import onnx

    model = onnx.shape_inference.infer_shapes(tiny_model())
    graph = graph_from_proto(model, stage="legalised")
    plan = QuantisationPlan(
        graph_digest=graph.digest,
        values={},
        operators={"a": OperatorPlan(precision="int8"), "picture": OperatorPlan(precision=last)},
    )
    assert scheme_of("int8", graph, plan) == Scheme(name=name, int8_share=share)


@pytest.mark.parametrize(
    ("first", "last", "name", "shares"),
    [
        ("int16", "int16", "w8a16-static", (0.0, 1.0)),
        ("int16", "float", "w8a16-mixed", (0.0, 0.5)),
        ("int8", "int16", "w8a8-mixed", (0.5, 0.5)),
    ],
)
def test_share_of_int16_is_told(first, last, name, shares):
    """A w8a16 file has int16 operators alone; beside int8 ones they make an int8 file mixed."""
    import onnx

    model = onnx.shape_inference.infer_shapes(tiny_model())
    graph = graph_from_proto(model, stage="legalised")
    plan = QuantisationPlan(
        graph_digest=graph.digest,
        values={},
        operators={"a": OperatorPlan(precision=first), "picture": OperatorPlan(precision=last)},
    )
    expected = Scheme(name=name, int8_share=shares[0], int16_share=shares[1])
    assert scheme_of("w8a16", graph, plan) == expected
