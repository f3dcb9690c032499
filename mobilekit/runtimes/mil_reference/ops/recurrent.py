"""gru, lstm, rnn, step by step. Sources: iOS15, iOS17 and iOS18 ``recurrent`` of the MIL operations'
documentation.

What it leaves open, the operations' tests say: a reversed network's outputs are in the order in which it
computes them, a bidirectional one's in the order of its input.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from mobilekit.runtimes.mil_reference.call import Call
from mobilekit.runtimes.mil_reference.registry import implements

if TYPE_CHECKING:
    from mobilekit.tensors import Array


def _sigmoid(x: Array) -> Array:
    return 0.5 * (np.tanh(0.5 * x) + 1)


def _hard_sigmoid(x: Array) -> Array:
    return np.clip(0.2 * x + 0.5, 0, 1)


_ACTIVATIONS: Final[Mapping[str, Callable[[Array], Array]]] = {
    "tanh": np.tanh,
    "scaled_tanh": np.tanh,  # with its usual factors of one
    "sigmoid": _sigmoid,
    "hard_sigmoid": _hard_sigmoid,
    "sigmoid_hard": _hard_sigmoid,
    "relu": lambda x: np.maximum(x, 0),
    "linear": lambda x: x,
}


@implements("rnn")
def rnn(call: Call) -> tuple[Array, ...]:
    """``x`` [s, b, i] -> states of every step [s, b, h] (or of the last, [1, b, h]) and of the last one [b,
    h].
    """
    activation = _activation(call, "activation", "tanh")
    into, recurrent = call["weight_ih"], call["weight_hh"]
    bias = _or_zeros(call["bias"], len(into))
    state, states = call["initial_h"], []
    for x in _steps(call):
        state = activation(x @ into.T + state @ recurrent.T + bias)
        states.append(state)
    return _sequence(call, states), state


@implements("gru")
def gru(call: Call) -> tuple[Array, ...]:
    """As :func:`rnn`; weights and biases are those of the reset, output and update gate, one after the other.

    The reset gate applies to the state before its product, and after it with ``reset_after`` (iOS18), where
    ``bias`` is the hidden side's and ``input_bias`` the input's.
    """
    gate, activation = (
        _activation(call, "recurrent_activation", "sigmoid"),
        _activation(call, "activation", "tanh"),
    )
    into, recurrent = call["weight_ih"], call["weight_hh"]
    after = call.flag("reset_after")
    bias, of_input = (_or_zeros(call[name], len(into)) for name in ("bias", "input_bias"))
    hidden_r, hidden_o, hidden_z = np.split(recurrent, 3)
    bias_r, bias_o, bias_z = np.split(bias, 3)
    state, states = call["initial_h"], []
    for x in _steps(call):
        in_r, in_o, in_z = np.split(x @ into.T + of_input, 3, axis=-1)
        reset = gate(in_r + state @ hidden_r.T + bias_r)
        update = gate(in_z + state @ hidden_z.T + bias_z)
        product = reset * (state @ hidden_o.T + bias_o) if after else (reset * state) @ hidden_o.T + bias_o
        state = (1 - update) * activation(in_o + product) + update * state
        states.append(state)
    return _sequence(call, states), state


@implements("lstm")
def lstm(call: Call) -> tuple[Array, ...]:
    """``x`` [s, b, i] -> states [s, b, d h] (or [1, b, d h]), the last state and the last memory [b, d h]."""
    if call.text("direction", "forward") != "bidirectional":
        call.ignore("weight_ih_back", "weight_hh_back", "bias_back", "peephole_back")
        states, memory = _lstm(call, _steps(call), "", 0)
        return _sequence(call, states), states[-1], memory
    x = call["x"]
    ahead, ahead_memory = _lstm(call, x, "", 0)
    back, back_memory = _lstm(call, x[::-1], "_back", call["weight_hh"].shape[1])
    last = np.concatenate([ahead[-1], back[-1]], axis=-1)
    both = [np.concatenate(pair, axis=-1) for pair in zip(ahead, back[::-1], strict=True)]
    sequence = np.stack(both) if call.flag("output_sequence") else last[None]
    return sequence, last, np.concatenate([ahead_memory, back_memory], axis=-1)


def _lstm(call: Call, steps: Array, suffix: str, first: int) -> tuple[list[Array], Array]:
    """One direction; ``first`` is where its initial states begin.

    The gates are input, forget, output, cell.
    """
    gate, cell, activation = (
        _activation(call, name, default)
        for name, default in (
            ("recurrent_activation", "sigmoid"),
            ("cell_activation", "tanh"),
            ("activation", "tanh"),
        )
    )
    into, recurrent = call[f"weight_ih{suffix}"], call[f"weight_hh{suffix}"]
    size = recurrent.shape[1]
    bias = _or_zeros(call[f"bias{suffix}"], 4 * size)
    of_input, of_forget, of_output = np.split(_or_zeros(call[f"peephole{suffix}"], 3 * size), 3)
    clip = call["clip"]
    limit = np.inf if clip is None else float(clip)
    state, memory = (call[name][:, first : first + size] for name in ("initial_h", "initial_c"))
    states = []
    for x in steps:
        i, f, o, z = np.split(x @ into.T + state @ recurrent.T + bias, 4, axis=-1)
        kept = gate(f + memory * of_forget) * memory
        memory = np.clip(kept + gate(i + memory * of_input) * cell(z), -limit, limit)
        state = gate(o + memory * of_output) * activation(memory)
        states.append(state)
    return states, memory


def _steps(call: Call) -> Array:
    x = call["x"]
    return x[::-1] if call.text("direction", "forward") == "reverse" else x


def _sequence(call: Call, states: list[Array]) -> Array:
    return np.stack(states if call.flag("output_sequence") else states[-1:])


def _or_zeros(value: Array | None, size: int) -> Array:
    return np.zeros(size, np.float32) if value is None else value.reshape(-1)


def _activation(call: Call, name: str, default: str) -> Callable[[Array], Array]:
    """The function that an argument names. Refuses an unknown one."""
    chosen = call.text(name, default).lower()
    if chosen not in _ACTIVATIONS:
        call.refuse(f"{name} {chosen!r}; known are {', '.join(_ACTIVATIONS)}")
    return _ACTIVATIONS[chosen]
