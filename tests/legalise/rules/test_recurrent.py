"""Recurrent layers written out are those of ONNX Runtime."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from tests.legalise.support import check_node, node_graph, noise

STEPS, BATCH, INPUTS, HIDDEN = 4, 2, 3, 5
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def operands(op, *, directions=1, lengths=None, state=True, peepholes=False):
    """X, W, R, B, sequence lengths, initial states and peepholes of a layer."""
    gates = GATES[op]
    first = [
        noise(STEPS, BATCH, INPUTS),
        noise(directions, gates * HIDDEN, INPUTS, seed=1),
        noise(directions, gates * HIDDEN, HIDDEN, seed=2),
        noise(directions, 2 * gates * HIDDEN, seed=3),
        None if lengths is None else np.array(lengths, np.int32),
    ]
    states = [
        noise(directions, BATCH, HIDDEN, seed=4 + i) if state else None
        for i in range(2 if op == "LSTM" else 1)
    ]
    last = [noise(directions, 3 * HIDDEN, seed=6)] if peepholes else []
    return [*first, *states, *last]


def outputs(op):
    return ("y", "h", "c") if op == "LSTM" else ("y", "h")


@pytest.mark.parametrize("op", sorted(GATES))
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("lengths", [None, [4, 2]])
def test_layer(op, direction, lengths):
    """Every direction, with sequences that end early; all outputs."""
    directions = 2 if direction == "bidirectional" else 1
    given = operands(op, directions=directions, lengths=lengths)
    kept = check_node(op, given, outputs=outputs(op), hidden_size=HIDDEN, direction=direction)
    assert op not in kept


@pytest.mark.parametrize("op", sorted(GATES))
def test_without_state_and_bias(op):
    """What is absent is zero."""
    given = operands(op, state=False)
    given[3] = None
    check_node(op, given, outputs=outputs(op), hidden_size=HIDDEN)


@pytest.mark.parametrize("runtime", [(0, 5), (0, 1, 2, 3, 5)])
def test_operands_at_run_time(runtime):
    """The initial state, and weights, may be computed."""
    check_node("GRU", operands("GRU"), runtime=runtime, outputs=("y", "h"), hidden_size=HIDDEN)


@pytest.mark.parametrize("state", [False, True])
def test_linear_before_reset(state):
    """The reset gate works on the product instead of the state."""
    given = operands("GRU", state=state)
    check_node("GRU", given, outputs=("y", "h"), hidden_size=HIDDEN, linear_before_reset=1)


def test_peepholes_clip_and_activations():
    """Gates see the cell state; clipped values; other activations than the defaults."""
    given = operands("LSTM", peepholes=True)
    names = ["Sigmoid", "Softsign", "Relu"]
    check_node("LSTM", given, outputs=("y", "h", "c"), hidden_size=HIDDEN, clip=0.5, activations=names)


@pytest.mark.parametrize("op", sorted(GATES))
def test_clip(op):
    """What enters the gates is kept small."""
    check_node(op, operands(op), outputs=outputs(op), hidden_size=HIDDEN, clip=0.3)


def test_only_the_last_state():
    """An output that nobody asked for is left out."""
    check_node("LSTM", operands("LSTM"), outputs=("", "h"), hidden_size=HIDDEN)


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"activations": ["ScaledTanh", "Tanh", "Tanh"]}, "activations="),
        ({"input_forget": 1}, "input_forget=1"),
        ({"activation_alpha": [0.5]}, "activation_alpha"),
    ],
)
def test_attributes_without_a_form_are_refused(attributes, reason):
    """Each by name; none is dropped."""
    graph, _ = node_graph("LSTM", operands("LSTM"), outputs=("y",), hidden_size=HIDDEN, **attributes)
    with pytest.raises(UnsupportedOperatorError, match=rf"LSTM.*node y: {reason}"):
        legalise(graph, samples=[])


def test_lengths_at_run_time_are_refused():
    """Where a sequence ends must be known."""
    graph, _ = node_graph("RNN", operands("RNN", lengths=[4, 2]), runtime=(0, 4), hidden_size=HIDDEN)
    with pytest.raises(UnsupportedOperatorError, match=r"RNN.*node y: sequence lengths"):
        legalise(graph, samples=[])
