"""Normalise as a whole: checked against the source, deterministic, complete."""

import numpy as np
import onnx
import pytest

from mobilekit.errors import PassDisagreementError
from mobilekit.normalise import pipeline
from mobilekit.normalise.pipeline import normalise
from tests.normalise.support import feed_for, graph_of, model, normalised, ops

NET = """
    c = Conv <pads = [1,1,1,1]> (x, w)
    r = Relu (c)
    u = GlobalAveragePool (r)
    f = Flatten (u)
    g = Gemm <transB = 1> (f, k)
    s = Sigmoid (g)
    axes = Constant <value_ints = [2, 3]> ()
    t = Unsqueeze (s, axes)
    y = Mul (r, t)
"""
RNG = np.random.default_rng(2)
WEIGHTS = {
    "w": RNG.normal(size=(4, 4, 3, 3)).astype(np.float32),
    "k": RNG.normal(size=(4, 4)).astype(np.float32),
}


def test_every_value_has_a_fixed_type_and_every_node_its_name():
    """What legalise relies on."""
    proto = normalised(model(NET), **WEIGHTS).graph.proto()
    typed = {v.name for v in (*proto.graph.value_info, *proto.graph.output)}
    for node in proto.graph.node:
        assert node.name == node.output[0]
        assert set(node.output) <= typed
    onnx.checker.check_model(proto, full_check=True)


def test_the_same_bytes_again_and_from_the_result():
    """Deterministic, and nothing is left to do on its own output."""
    one, two = normalised(model(NET), **WEIGHTS), normalised(model(NET), **WEIGHTS)
    assert one.graph.model == two.graph.model
    assert normalise(one.graph, samples=[]).graph.model == one.graph.model


def _wrong(editor):
    """A pass with a defect: it takes every Relu for nothing."""
    for node in editor.nodes:
        if node.op == "Relu":
            editor.replace(node.outputs[0], node.inputs[0])
    editor.remove_unused()


def test_a_pass_that_changes_the_result_is_named(monkeypatch):
    """The comparison stops the build, and bisects."""
    passes = (*pipeline.PIPELINE[:5], _wrong, *pipeline.PIPELINE[5:])
    monkeypatch.setattr(pipeline, "PIPELINE", passes)
    with pytest.raises(PassDisagreementError, match=r"pass _wrong \(number 6\): output 'y'"):
        normalised(model(NET), **WEIGHTS)


def test_without_samples_nothing_is_compared(monkeypatch):
    """Then the same defect goes unseen: callers give samples."""
    monkeypatch.setattr(pipeline, "PIPELINE", (*pipeline.PIPELINE, _wrong))
    graph = graph_of(model(NET), WEIGHTS)
    assert "Relu" not in ops(normalise(graph, samples=[]))
    assert normalise(graph, samples=[]).graph.inputs == graph.inputs


def test_half_precision_models_are_compared_more_loosely():
    """Their own arithmetic is no better."""
    text = '<ir_version: 8, opset_import: ["" : 17]> g (float16[1,4,6,6] x) => (float16[1,4,6,6] y) { c = Conv (x, w) y = Mul (c, f) }'
    constants = {
        "w": RNG.normal(size=(4, 4, 1, 1)).astype(np.float16),
        "f": np.full((4, 1, 1), 1.7, np.float16),
    }
    graph = graph_of(text, constants)
    assert ops(normalise(graph, samples=[feed_for(graph)])) == ["Conv"]
