"""What rules leave behind of constants alone is computed while converting."""

from collections import Counter

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.engine import Engine
from mobilekit.legalise.pipeline import legalise
from mobilekit.legalise.rule import Rule
from mobilekit.legalise.workspace import Workspace
from tests.legalise.support import noise, text_graph

ADDED = "g (float[2, 3] x) => (float[2, 3] y) { y = Add(x, c) }"
C = np.arange(12, dtype=np.float32).reshape(4, 3)


def run(rule, text=ADDED, constants=None):
    """The workspace after one stage of one rule."""
    space = Workspace(text_graph(text, constants or {"c": C[:2]}).proto())
    Engine(space).run([rule])
    return space


def sliced(node, b: Builder) -> str:
    """An Add whose constant is cut out of a longer one, by two operators."""
    long = b.workspace.intern(C, "long")
    cut = b.add("Transpose", b.slice(long, 0, 1, 3), perm=(1, 0))
    return b.add("Sub", node.inputs[0], b.add("Transpose", cut, perm=(1, 0)))


def test_slices_of_constants_are_computed():
    """Of three movements and a Sub only the Sub is left, and reads the right numbers."""
    space = run(Rule(name="sliced", ops=("Add",), apply=sliced))
    assert [node.op for node in space.nodes] == ["Sub"]
    np.testing.assert_array_equal(space.constants[space.nodes[0].inputs[1]], C[1:3])


def test_slices_of_runtime_values_stay():
    """The twin: what reads an input cannot be known."""
    rule = Rule(
        name="cut", ops=("Add",), apply=lambda n, b: b.concat([b.slice(n.inputs[0], 0, i, i + 1) for i in (1, 0)], 0)
    )  # fmt: skip
    assert Counter(node.op for node in run(rule).nodes) == {"Slice": 2, "Concat": 1}


def test_broadcasts_stay_small():
    """A constant repeated many times is repeated when the file is run."""
    text = "g (float[64, 64] x) => (float[64, 64] y) { y = Add(x, c) }"
    rule = Rule(name="spread", ops=("Add",), apply=lambda n, b: b.add("Mul", n.inputs[0], b.add("Expand", n.inputs[1], [64, 64])))  # fmt: skip
    space = run(rule, text, {"c": np.ones((1, 64), np.float32)})
    assert [node.op for node in space.nodes] == ["Expand", "Mul"]


def test_an_output_keeps_its_node():
    """A result of constants alone is written by a node still."""
    rule = Rule(name="known", ops=("Add",), apply=lambda n, b: b.add("Neg", n.inputs[1]))
    assert [node.op for node in run(rule).nodes] == ["Neg"]


def test_no_step_of_a_layer_cuts_its_weights():
    """A GRU with weights for two directions: nothing of constants alone, one cut of all steps per part."""
    gru = (
        "g (float[6, 1, 3] x) => (float[6, 2, 1, 5] y) { y = GRU<hidden_size = 5, "
        'direction = "bidirectional", linear_before_reset = 1>(x, w, r, b) }'
    )
    weights = {"w": noise(2, 15, 3, seed=1), "r": noise(2, 15, 5, seed=2), "b": noise(2, 30, seed=3)}
    graph = legalise(text_graph(gru, weights), samples=[{"x": noise(6, 1, 3)}]).graph.proto().graph
    constants = {t.name for t in graph.initializer}
    assert not [n.name for n in graph.node if set(n.input) <= constants]
    kinds = Counter(n.op_type for n in graph.node)
    assert kinds["Slice"] == 0
    assert kinds["Reshape"] <= 8
    assert kinds["MatMul"] + kinds["Gemm"] == 2 + 2 * 2 * 5  # of the inputs; of each step with a state
