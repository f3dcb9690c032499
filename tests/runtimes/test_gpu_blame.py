"""Finding the operator to blame: what the delegate says, cuts where it says too little, bisection where none alone."""

import numpy as np
import pytest

from mobilekit.errors import AcceleratorError
from mobilekit.runtimes.gpu_blame import fatal_operator, refused_operators
from mobilekit.runtimes.tflite_cut import TfliteGraph
from tests.runtimes.support import TinyFile, schema

CODES = {"TANH": schema.BuiltinOperator.TANH, "LOGISTIC": schema.BuiltinOperator.LOGISTIC}


class Asked:
    """A stand-in for the GPU: it judges the operators of a cut, and counts what it was asked."""

    def __init__(self, judge):
        self.judge, self.cuts = judge, []

    def __call__(self, path):
        operators = [(o.kind, o.signature) for o in TfliteGraph(path).operators]
        self.cuts.append([kind for kind, _ in operators])
        return self.judge([kind for kind, _ in operators], " ".join(s for _, s in operators))


@pytest.fixture
def graph(tmp_path):
    """A chain: MUL by 2, TANH, MUL by 3, LOGISTIC, MUL by 2 once more; values v0 to v4."""
    file = TinyFile()
    value = start = file.tensor("x", (1, 4))
    for i, what in enumerate((2, "TANH", 3, "LOGISTIC", 2)):
        result = file.tensor(f"v{i}", (1, 4))
        if isinstance(what, int):
            factor = file.tensor(f"f{i}", (4,), data=np.full(4, what, np.float32))
            options = (schema.BuiltinOptions.MulOptions, schema.MulOptionsT())
            file.operator(schema.BuiltinOperator.MUL, [value, factor], [result], *options)
        else:
            file.operator(CODES[what], [value], [result])
        value = result
    path = tmp_path / "net.tflite"
    path.write_bytes(file.bytes(inputs=[start], outputs=[value]))
    return TfliteGraph(path)


def test_what_is_said_of_a_kind_that_is_there_once(graph):
    """Nothing need be tried."""
    asked = Asked(lambda kinds, text: pytest.fail("asked"))
    (refusal,) = refused_operators(graph, [("TANH", "not today")], asked)
    assert (refusal.operator, refusal.kind, refusal.reason) == ("v1", "TANH", "not today")


def test_different_ones_of_a_kind_are_tried_alone(graph):
    """Each once, however often it is there; only those that are refused alone are to blame."""
    three = np.full(4, 3, np.float32).tobytes().hex()
    asked = Asked(lambda kinds, text: "threes" if three in text else None)
    refused = refused_operators(graph, [("MUL", "numbers")], asked)
    assert [(r.operator, r.reason) for r in refused] == [("v2", "threes")]
    assert asked.cuts == [["MUL"], ["MUL"]]


def test_without_a_word_everything_is_tried(graph):
    """Where the runtime names nothing, or what is not there."""
    asked = Asked(lambda kinds, text: "no" if kinds == ["LOGISTIC"] else None)
    for said in ([], [("CONV_2D", "?")]):
        assert [r.operator for r in refused_operators(graph, said, asked)] == ["v3"]


def test_an_operator_that_is_fatal_alone(graph):
    """It is named, wherever it stands."""

    def judge(kinds, text):
        if "TANH" in kinds:
            message = "crashed"
            raise AcceleratorError(message)

    assert fatal_operator(graph, Asked(judge)).value == "v1"


def test_an_operator_that_is_fatal_behind_others_only(graph):
    """The last operator of the shortest beginning that fails."""

    def judge(kinds, text):
        if {"MUL", "LOGISTIC"} <= set(kinds):
            message = "crashed"
            raise AcceleratorError(message)

    assert fatal_operator(graph, Asked(judge)).value == "v3"


def test_nothing_is_blamed_without_evidence(graph):
    """No part of it fails: nobody is named."""
    assert fatal_operator(graph, Asked(lambda kinds, text: None)) is None
    assert refused_operators(graph, [], Asked(lambda kinds, text: None)) == ()
