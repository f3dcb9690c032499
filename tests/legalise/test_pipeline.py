"""legalise as a whole: names, refusals, determinism, and the comparison at its end."""

import numpy as np
import pytest

from mobilekit.errors import PassDisagreementError, ShapeError, UnsupportedOperatorError, UsageError
from mobilekit.legalise import profiles
from mobilekit.legalise.pipeline import legalise
from mobilekit.legalise.rule import Rule
from mobilekit.source.graph import graph_from_proto
from tests.legalise.support import noise, operators, text_graph

TEXT = """g (float[1,3,8,8] x) => (float y) {
  c = Conv <pads=[2,2,1,1], strides=[2,2]> (x, w)
  m = Mish (c)
  p = Pad <mode="reflect"> (m, pads)
  y = GlobalAveragePool (p)
}"""
CONSTANTS = {"w": noise(4, 3, 3, 3), "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1])}


def test_names_of_values_survive():
    """Plans name values of the original graph; new ones derive from the value they serve."""
    legal = legalise(text_graph(TEXT, CONSTANTS), samples=[{"x": noise(1, 3, 8, 8)}])
    names = [n.output[0] for n in legal.graph.proto().graph.node]
    assert {"c", "m", "p", "y"} <= set(names)
    assert "c/pad" in names
    assert all(name.split("/")[0] in ("c", "m", "p", "y") for name in names)


def test_rewrites_say_rule_and_node():
    """Inspect prints them."""
    rewrites = legalise(text_graph(TEXT, CONSTANTS), samples=[]).rewrites
    assert ("conv-padding", "c", "Conv → Pad + Conv") in [(r.rule, r.node, r.detail) for r in rewrites]
    assert [r.node for r in rewrites if r.rule == "mish"] == ["m"]


def test_same_input_same_bytes():
    """Twice the same graph, and legalising a legal graph changes nothing."""
    graph = text_graph(TEXT, CONSTANTS)
    once, twice = (legalise(graph, samples=[]).graph for _ in range(2))
    assert once.model == twice.model
    again = legalise(once, samples=[])
    assert again.rewrites == ()
    assert again.graph.model == once.model


def test_a_refusal():
    """The error names the node, its opset, the reason and the remedy."""
    text = "g (float[1,1,4,4] x) => (float y, float z) { y = RandomNormalLike (x) z, i = TopK (y, k) }"
    graph = text_graph(text, {"k": np.array([1])})
    with pytest.raises(UnsupportedOperatorError) as caught:
        legalise(graph, samples=[])
    assert len(caught.value.refusals) == 1
    assert "RandomNormalLike, opset 21, node y" in str(caught.value)
    assert "--fallback onnx2tf" in caught.value.hint
    assert caught.value.exit_code == 20


def test_several_refusals():
    """Each has its own line."""
    text = """g (float[1,1,4,4,4,4] x) => (float y, float z) {
      y = RandomNormalLike (x)
      z = Conv (x, w)
    }"""
    with pytest.raises(
        UnsupportedOperatorError, match="2 operators have no exact form for tflite-cpu"
    ) as caught:
        legalise(text_graph(text, {"w": np.ones((2, 1, 1, 1, 1, 1), np.float32)}), samples=[])
    assert len(caught.value.refusals) == 2
    assert "make them an input" in caught.value.refusals[0]
    assert "a kernel over 4 axes" in caught.value.refusals[1]
    assert caught.value.hint.startswith("change the model as each line says, or ")


def test_dynamic_results_are_refused_before_any_rule():
    """Values without a shape cannot be looked at."""
    model = text_graph("g (float[4] x) => (int64 y) { y = Identity (x) }").proto()
    model.graph.node[0].op_type = "NonZero"
    model.graph.output[0].type.tensor_type.ClearField("shape")
    with pytest.raises(UnsupportedOperatorError, match="depends on values"):
        legalise(graph_from_proto(model, stage="normalised"), samples=[])


def test_missing_shapes_are_an_error():
    """A graph that was not normalised says so."""
    model = text_graph("g (float[4] x) => (float y) { a = Relu (x) y = Neg (a) }").proto()
    del model.graph.value_info[:]
    with pytest.raises(ShapeError, match="no fixed shape for a"):
        legalise(graph_from_proto(model, stage="normalised"), samples=[])


def test_unknown_profile():
    """The known ones are listed."""
    with pytest.raises(UsageError, match="tflite-vpu"):
        legalise(text_graph("g (float[1] x) => (float y) { y = Relu (x) }"), profile="tflite-vpu", samples=[])


def test_unknown_operators_pass_through():
    """The emitter's table has the last word."""
    graph = text_graph("g (float[2,2] x) => (float y) { y = Neg (x) }")
    model = graph.proto()
    model.graph.node[0].op_type = "StringNormalizer"
    legal = legalise(graph_from_proto(model, stage="normalised"), samples=[]).graph
    assert operators(legal) == ["StringNormalizer"]


def test_a_wrong_rule_is_named(monkeypatch):
    """The error names the rule and the node where the result first differs."""
    wrong = Rule(name="wrong-neg", ops=("Neg",), apply=lambda node, b: b.add("Abs", node.inputs[0]))
    monkeypatch.setitem(profiles.PROFILES, "broken", ((wrong,),))
    text = "g (float[4] x) => (float y) { a = Exp (x) n = Neg (a) y = Tanh (n) }"
    with pytest.raises(PassDisagreementError, match=r"wrong-neg \(Neg → Abs\) at node n"):
        legalise(text_graph(text), profile="broken", samples=[{"x": noise(4)}])
    assert legalise(text_graph(text), profile="broken", samples=[]).rewrites[0].rule == "wrong-neg"


def test_an_endless_rule_is_stopped(monkeypatch):
    """Rules that undo each other are a defect, not a hang."""
    from mobilekit.errors import MobilekitError

    endless = Rule(name="endless", ops=("Neg",), apply=lambda node, b: b.add("Neg", node.inputs[0]))
    monkeypatch.setitem(profiles.PROFILES, "broken", ((endless,),))
    with pytest.raises(MobilekitError, match="does not end; rules: endless"):
        legalise(text_graph("g (float[4] x) => (float y) { y = Neg (x) }"), profile="broken", samples=[])


def test_a_rule_that_changes_a_shape_is_stopped(monkeypatch):
    """A replacement has the type of what it replaces."""
    wrong = Rule(name="wrong", ops=("Neg",), apply=lambda node, b: b.add("Reshape", node.inputs[0], [2, 2]))
    monkeypatch.setitem(profiles.PROFILES, "broken", ((wrong,),))
    with pytest.raises(ShapeError, match="was rewritten as"):
        legalise(text_graph("g (float[4] x) => (float y) { y = Neg (x) }"), profile="broken", samples=[])


def test_rule_names_are_unique():
    """A report's rule name leads to one rule."""
    names = [rule.name for stage in profiles.PROFILES["tflite-cpu"] for rule in stage]
    assert len(set(names)) == len(names)
