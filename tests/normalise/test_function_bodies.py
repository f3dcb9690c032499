"""Operators that are written out as ONNX defines them."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.normalise.function_bodies import WRITTEN_OUT
from tests.normalise.support import graph_of, normalised, ops, run


def loss(attributes: str, *, labels: str = "2,3") -> str:
    return (
        '<ir_version: 8, opset_import: ["" : 13]> '
        f"g (float[2,5,3] x) => (float[] y) {{ y = SoftmaxCrossEntropyLoss<{attributes}>(x, labels) }}"
    )


@pytest.mark.parametrize(
    "attributes", ['reduction="mean"', 'reduction="sum"', 'reduction="mean", ignore_index=1']
)
def test_attributes_reach_the_definition(attributes):
    """The definition takes the node's attributes; values are those of the operator in ONNX Runtime."""
    labels = np.array([[0, 1, 4], [2, 1, 1]], np.int64)
    result = normalised(loss(attributes), labels=labels)  # compares both
    assert not WRITTEN_OUT.intersection(ops(result))


def test_values_inside_are_named_after_the_output():
    """Two losses in one graph do not share a name, and both are right."""
    text = (
        '<ir_version: 8, opset_import: ["" : 13]> g (float[2,5] x) => (float[] y, float[2] z) {'
        'y = SoftmaxCrossEntropyLoss<reduction="sum">(x, labels)'
        'z = NegativeLogLikelihoodLoss<reduction="none">(x, labels) }'
    )
    labels = np.array([3, 0], np.int64)
    result = normalised(text, labels=labels)
    names = [n.output[0] for n in result.graph.proto().graph.node]
    assert len(names) == len(set(names))
    assert all(name.startswith(("y", "z")) for name in names)


def test_an_absent_input_of_the_definition_is_absent():
    """Without weights the definition weighs nothing: every label counts the same."""
    labels = np.array([3, 0], np.int64)
    text = (
        '<ir_version: 8, opset_import: ["" : 13]> g (float[2,5] x) => (float[] y) {'
        'y = NegativeLogLikelihoodLoss<reduction="mean">(x, labels) }'
    )
    result = normalised(text, labels=labels)
    x = np.arange(10, dtype=np.float32).reshape(2, 5)
    assert run(result.graph, {"x": x})["y"] == pytest.approx(-(x[0, 3] + x[1, 0]) / 2)
    assert run(graph_of(text, {"labels": labels}), {"x": x})["y"] == pytest.approx(-(x[0, 3] + x[1, 0]) / 2)


ATTENTION = (
    '<ir_version: 10, opset_import: ["" : 23]> g (float[1,2,3,4] q, float[1,2,3,4] k) => (float[1,2,3,4] y, '
    "float[1,2,3,3] s) {{ y, , , s = Attention <is_causal = {causal}, qk_matmul_output_mode = {mode}> (q, k, k) }}"
)


@pytest.mark.parametrize(("causal", "mode"), [(0, 1), (1, 0), (1, 3)])
def test_scores_of_attention(causal, mode):
    """Before the mask, after the softmax, or without a mask ONNX and ONNX Runtime agree."""
    assert "Attention" not in ops(normalised(ATTENTION.format(causal=causal, mode=mode)))


@pytest.mark.parametrize("mode", [1, 2])
def test_masked_scores_are_refused(mode):
    """ONNX says -inf, ONNX Runtime the lowest float: neither would please the other."""
    with pytest.raises(UnsupportedOperatorError, match=f"qk_matmul_output_mode={mode}.*Attention, node y"):
        normalised(ATTENTION.format(causal=1, mode=mode))


ROWS = (
    '<ir_version: 10, opset_import: ["" : 23]> g (float[1,2,{queries},4] q, float[1,2,5,4] k) => '
    "(float[1,2,{queries},4] y) {{ y = Attention <is_causal = {causal}> (q, k, k) }}"
)


@pytest.mark.parametrize(("queries", "causal"), [(1, 0), (2, 1), (6, 1)])
def test_causal_attention(queries, causal):
    """Queries see the keys up to their own place, as many as there are."""
    text = ROWS.format(queries=queries, causal=causal)
    rng = np.random.default_rng(0)
    feed = {"q": rng.normal(size=(1, 2, queries, 4)), "k": rng.normal(size=(1, 2, 5, 4))}
    feed = {name: value.astype(np.float32) for name, value in feed.items()}
    result = normalised(text)
    assert "Attention" not in ops(result)
    np.testing.assert_allclose(run(result.graph, feed)["y"], run(graph_of(text), feed)["y"], atol=1e-5)


def test_one_causal_query_is_refused():
    """ONNX lets it see the first key alone, ONNX Runtime all of them."""
    with pytest.raises(UnsupportedOperatorError, match=r"one query and 5 keys.*Attention, node y"):
        normalised(ROWS.format(queries=1, causal=1))
