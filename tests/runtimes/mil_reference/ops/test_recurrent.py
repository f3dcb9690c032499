"""Recurrent networks of one unit, by hand, with linear gates where that keeps numbers whole."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from tests.runtimes.mil_reference.support import FLOAT, evaluated

X = np.asarray([1, 2, 3], np.float32).reshape(3, 1, 1)
ZERO = np.zeros((1, 1), np.float32)
ONE = np.ones((1, 1), np.float32)
RNN = {
    "x": X,
    "initial_h": ONE,
    "weight_ih": ONE,
    "weight_hh": 2 * ONE,
    "activation": "linear",
    "outputs": (FLOAT,) * 2,
}


def test_rnn():
    """State = x + 2 state + bias, from one."""
    states, last = evaluated("rnn", output_sequence=True, **RNN)
    np.testing.assert_allclose(states.reshape(-1), [3, 8, 19])
    np.testing.assert_allclose(last, [[19]])
    only, _ = evaluated("rnn", bias=[1.0], **RNN)
    np.testing.assert_allclose(only, [[[26]]])


def test_reversed_outputs_are_in_the_order_of_computing():
    """From the last input to the first."""
    states, last = evaluated("rnn", output_sequence=True, direction="reverse", **RNN)
    np.testing.assert_allclose(states.reshape(-1), [5, 12, 25])
    np.testing.assert_allclose(last, [[25]])


def gru(opset=17, **changes):
    """Reset gate 2 x, update gate x, output x + product with the state."""
    common = {
        "x": X[1:2],
        "initial_h": 3 * ONE,
        "weight_ih": np.asarray([[2], [1], [1]], np.float32),
        "weight_hh": np.asarray([[0], [5], [0]], np.float32),
        "recurrent_activation": "linear",
        "activation": "linear",
    }
    return evaluated("gru", outputs=(FLOAT,) * 2, opset=opset, **(common | changes))[1].item()


def test_gru():
    """Gates: r = 4, z = 2; o = 2 + 5 (4 · 3) = 62; h = (1 - 2) 62 + 2 · 3."""
    assert gru() == -56
    assert gru(bias=[0.0, 10.0, 0.0]) == -66


def test_gru_resets_after_the_product():
    """With biases on both sides the reset gate scales the hidden side's: o = 2 + 1 + 4 (5 · 3 + 10) = 103."""
    both = {"bias": [0.0, 10.0, 0.0], "input_bias": [0.0, 1.0, 0.0]}
    assert gru(opset=18, reset_after=True, **both) == -97


def lstm(**changes):
    """Gates: input x, forget 2, output 3, cell x; recurrent weights of nothing."""
    common = {
        "x": X,
        "initial_h": ZERO,
        "initial_c": ZERO,
        "weight_ih": np.asarray([[1], [0], [0], [1]], np.float32),
        "weight_hh": np.zeros((4, 1), np.float32),
        "bias": [0.0, 2.0, 3.0, 0.0],
        "recurrent_activation": "linear",
        "cell_activation": "linear",
        "activation": "linear",
        "output_sequence": True,
    }
    return evaluated("lstm", outputs=(FLOAT,) * 3, **(common | changes))


def test_lstm():
    """Memory c = 2 c + x², state 3 c."""
    states, last, memory = lstm()
    np.testing.assert_allclose(states.reshape(-1), [3, 18, 63])
    assert (last.item(), memory.item()) == (63, 21)


def test_lstm_clips_its_memory():
    """At every step: 1, 5 (of 6), 5 (of 19)."""
    np.testing.assert_allclose(lstm(clip=5.0)[0].reshape(-1), [3, 15, 15])


def test_peepholes():
    """The input and forget gates see the old memory, the output gate the new one."""
    states, _, memory = lstm(peephole=[1.0, 0.0, 1.0], x=X[:2])
    # c: (1 + 0) 1 = 1, then 2 · 1 + (2 + 1) 2 = 8; h: (3 + 1) 1, then (3 + 8) 8.
    np.testing.assert_allclose(states.reshape(-1), [4, 88])
    assert memory.item() == 8


def test_bidirectional_outputs_are_in_the_order_of_the_input():
    """Last states: of the last input forwards, of the first one backwards."""
    zeros = np.zeros((1, 2), np.float32)
    back = {
        "weight_ih_back": np.asarray([[1], [0], [0], [1]], np.float32),
        "weight_hh_back": np.zeros((4, 1), np.float32),
        "bias_back": [0.0, 0.0, 1.0, 0.0],
    }
    states, last, memory = lstm(direction="bidirectional", initial_h=zeros, initial_c=zeros, **back)
    np.testing.assert_allclose(states[:, 0], [[3, 1], [18, 4], [63, 9]])
    np.testing.assert_allclose(last, [[63, 1]])
    np.testing.assert_allclose(memory, [[21, 1]])
    short = lstm(direction="bidirectional", initial_h=zeros, initial_c=zeros, output_sequence=False, **back)
    np.testing.assert_allclose(short[0], [[[63, 1]]])


@pytest.mark.parametrize(
    ("name", "expected"),
    [("sigmoid", 1 / (1 + np.exp(-3))), ("hard_sigmoid", 1), ("relu", 3), ("scaled_tanh", np.tanh(3))],
)
def test_activations(name, expected):
    """Their usual constants; another name is refused."""
    found = evaluated("rnn", **(RNN | {"activation": name, "x": X[:1]}))[1]
    np.testing.assert_allclose(found, [[expected]], rtol=1e-6)
    with pytest.raises(UnsupportedOperatorError, match="activation 'swish'"):
        evaluated("rnn", **(RNN | {"activation": "swish"}))
