"""RNN, GRU and LSTM written out step by step: sequences have a fixed length.

::

    X ── MatMul Wᵀ, all steps at once ── Split ── step 0 ── step 1 ── … ── Concat ── Y
                                                   state ────┘

A step is small beside what a runtime spends on calling an operator: what counts is their number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule

_MOST_STEPS = 256
_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
_DEFAULTS = {"RNN": ("Tanh",), "GRU": ("Sigmoid", "Tanh"), "LSTM": ("Sigmoid", "Tanh", "Tanh")}
_PLAIN = ("Relu", "Sigmoid", "Softplus", "Softsign", "Tanh")

State = tuple[str | None, str | None]
"""Hidden and cell state ``[batch, hidden]``; None is zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Direction:
    """One direction of a layer: how to multiply and activate.

    ``recurrent`` are weights ``[hidden, …]``, one matrix for each product of a step.
    """

    node: Node
    builder: Builder
    size: int
    recurrent: Sequence[str]
    recurrent_bias: str | None
    peepholes: Sequence[str]
    activations: Sequence[str]

    def activated(self, which: int, value: str, *, clipped: bool = True) -> str:
        """An activation, of a value that ``clip`` keeps small."""
        clip = self.node.attributes.get("clip") if clipped else None
        kept = self.builder.add("Clip", value, -clip, clip) if clip else value
        return self.builder.add(self.activations[which], kept)

    def gates(self, value: str, count: int) -> tuple[str, ...]:
        """``[batch, count · hidden]`` in its parts; equal ones, since XNNPACK has no others."""
        return self.builder.add_many("Split", value, [self.size] * count, outputs=count, axis=1)

    def with_hidden(self, projected: str, hidden: str | None) -> str:
        """The projected input of one step and H·Rᵀ; biases are in the former."""
        if hidden is None:
            return projected
        return self.builder.add("Add", projected, self.builder.add("MatMul", hidden, self.recurrent[0]))


def _layer(node: Node, b: Builder) -> Replacement | Refusal:
    refusal = _refusal(node, b)
    if refusal is not None:
        return refusal
    batch_first = bool(node.attributes.get("layout", 0))
    x = b.transpose(node.inputs[0], (1, 0, 2)) if batch_first else node.inputs[0]
    count = b.shape(node.inputs[1])[0]
    reverse = [i == 1 or node["direction"] == "reverse" for i in range(count)]
    runs = [_run(node, b, x, index, reverse=reverse[index]) for index in range(count)]
    # [steps, directions, batch, hidden] and [directions, batch, hidden]
    every = b.concat([run[0] for run in runs], 1)
    last = [b.concat([_lifted(run[which], b) for run in runs], 0) for which in (1, 2) if runs[0][which]]
    if batch_first:
        every, last = b.transpose(every, (2, 0, 1, 3)), [b.transpose(v, (1, 0, 2)) for v in last]
    found = (every, *last)
    return tuple(value if name else "" for value, name in zip(found, node.outputs, strict=False))


def _refusal(node: Node, b: Builder) -> Refusal | None:
    steps = b.shape(node.inputs[0])[1 if node.attributes.get("layout", 0) else 0]
    others = set(node.attributes.get("activations", ())) - set(_PLAIN)
    if steps > _MOST_STEPS:
        return Refusal(
            got=f"{steps} steps", hint=f"up to {_MOST_STEPS} are written out; shorten the sequence"
        )
    if others:
        return Refusal(got=f"activations={sorted(others)}", hint=f"use {', '.join(_PLAIN)}")
    if node.attributes.get("activation_alpha") or node.attributes.get("activation_beta"):
        return Refusal(got="activation_alpha or activation_beta", hint="none of its activations has any")
    if node.attributes.get("input_forget"):
        return Refusal(got="input_forget=1", hint="export the layer without coupled gates")
    if node.input(4) and not b.is_constant(node.inputs[4]):
        return Refusal(got="sequence lengths computed at run time", hint="pad sequences in the application")
    return None


def _run(node: Node, b: Builder, x: str, index: int, *, reverse: bool) -> tuple[str, str, str]:
    """All hidden states of one direction ``[steps, 1, batch, hidden]``, the last one, the last cell state."""
    steps, batch, _ = b.shape(x)
    direction, inputs = _prepared(node, b, x, index)
    state: State = tuple(_initial(node, b, place, index) for place in (5, 6))  # type: ignore[assignment]
    step = _STEPS[node.op]
    lengths = b.constant(node.inputs[4]) if node.input(4) else None
    hidden: dict[int, str] = {}
    zeros = np.zeros((batch, direction.size), b.dtype(x))
    for time in reversed(range(steps)) if reverse else range(steps):
        new = step(direction, inputs[time], state)
        hidden[time] = str(new[0])
        if lengths is not None and (lengths <= time).any():
            # Behind a sequence's end its state stays, and its output is zero.
            alive = (lengths > time).reshape(batch, 1)
            hidden[time] = b.add("Where", alive, new[0], zeros)
            new = tuple(  # type: ignore[assignment]
                b.add("Where", alive, value, zeros if old is None else old) if value else None
                for value, old in zip(new, state, strict=True)
            )
        state = new
    every = b.concat([hidden[time] for time in range(steps)], 0)
    return b.reshape(every, (steps, 1, batch, direction.size)), str(state[0]), state[1] or ""


def _prepared(node: Node, b: Builder, x: str, index: int) -> tuple[_Direction, list[tuple[str, ...]]]:
    """What every step needs, and of X·Wᵀ with the biases what each step takes: ``[batch, …]``."""
    weights, recurrent = (
        b.transpose(_part(value, index, b), (1, 0)) for value in (node.inputs[1], node.inputs[2])
    )
    size, gates = b.shape(recurrent)[0], _GATES[node.op]
    projected = b.add("MatMul", x, weights)
    late = None
    if node.input(3):
        bias = _part(node.inputs[3], index, b)
        own, other = (b.slice(bias, 0, i * gates * size, (i + 1) * gates * size) for i in range(2))
        if node.op == "GRU" and node.attributes.get("linear_before_reset"):
            # The hidden gate's second bias is added before the reset.
            other, late = b.slice(other, 0, 0, 2 * size), b.slice(other, 0, 2 * size, 3 * size)
            other = b.concat([other, _zeros(size, b, x)], 0)
        projected = b.add("Add", projected, b.reshape(b.add("Add", own, other), (1, 1, gates * size)))
    peepholes: tuple[str, ...] = ()
    if node.input(7):
        part = _part(node.inputs[7], index, b)
        peepholes = tuple(b.reshape(b.slice(part, 0, i * size, (i + 1) * size), (1, size)) for i in range(3))
    names = tuple(node.attributes.get("activations", ())) or _DEFAULTS[node.op] * 2
    count = len(_DEFAULTS[node.op])
    columns = (2 * size, size) if node.op == "GRU" else (gates * size,)
    direction = _Direction(
        node=node, builder=b, size=size, recurrent_bias=late, peepholes=peepholes,
        recurrent=_columns(recurrent, columns, b),
        activations=names[index * count : (index + 1) * count],
    )  # fmt: skip
    return direction, _by_step(projected, columns, b)


def _by_step(projected: str, sizes: tuple[int, ...], b: Builder) -> list[tuple[str, ...]]:
    """``[steps, batch, gates · hidden]`` cut once by the columns and once by the steps."""
    steps, batch, width = b.shape(projected)
    parts = _columns(b.reshape(projected, (steps * batch, width)), sizes, b)
    if steps == 1:
        return [parts]
    cut = [b.add_many("Split", part, [batch] * steps, outputs=steps, axis=0) for part in parts]
    return list(zip(*cut, strict=True))


def _columns(value: str, sizes: tuple[int, ...], b: Builder) -> tuple[str, ...]:
    """A matrix cut into columns; a constant at once."""
    if len(sizes) == 1:
        return (value,)
    array = b.constant(value)
    if array is None:
        return b.add_many("Split", value, list(sizes), outputs=len(sizes), axis=1)
    ends = np.cumsum(sizes)
    return tuple(
        b.workspace.intern(np.ascontiguousarray(array[:, end - size : end]), f"{value}/{end}")
        for size, end in zip(sizes, ends.tolist(), strict=True)
    )


def _zeros(size: int, b: Builder, like: str) -> str:
    return b.workspace.intern(np.zeros(size, b.dtype(like)), f"{like}/zeros")


def _part(value: str, index: int, b: Builder) -> str:
    """What belongs to one direction."""
    array = b.constant(value)
    if array is not None:
        return b.workspace.intern(np.ascontiguousarray(array[index]), f"{value}/{index}")
    return b.reshape(b.slice(value, 0, index, index + 1), b.shape(value)[1:])


def _initial(node: Node, b: Builder, place: int, index: int) -> str | None:
    value = node.input(place)
    if not value:
        return None
    array = b.constant(value)
    if array is not None and not array.any():
        return None
    return _part(b.transpose(value, (1, 0, 2)) if node.attributes.get("layout", 0) else value, index, b)


def _lifted(value: str, b: Builder) -> str:
    return b.reshape(value, (1, *b.shape(value)))


def _rnn_step(d: _Direction, projected: tuple[str, ...], state: State) -> State:
    return d.activated(0, d.with_hidden(projected[0], state[0])), None


def _gru_step(d: _Direction, projected: tuple[str, ...], state: State) -> State:
    """H = (1 − z)·h + z·H₋₁, written h + z·(H₋₁ − h): an operator less."""
    b, hidden = d.builder, state[0]
    gates, new = projected
    if hidden is None:
        update, reset = d.gates(d.activated(0, gates), 2)
        if d.recurrent_bias is not None:
            new = b.add("Add", new, b.add("Mul", reset, _row(d.recurrent_bias, b)))
        return b.add("Mul", b.add("Sub", np.ones((), b.dtype(update)), update), d.activated(1, new)), None
    update, reset = d.gates(d.activated(0, d.with_hidden(gates, hidden)), 2)
    if d.node.attributes.get("linear_before_reset"):
        product = b.add("MatMul", hidden, d.recurrent[1])
        shifted = b.add("Add", product, _row(d.recurrent_bias, b)) if d.recurrent_bias else product
        inner = b.add("Mul", reset, shifted)
    else:
        inner = b.add("MatMul", b.add("Mul", reset, hidden), d.recurrent[1])
    candidate = d.activated(1, b.add("Add", new, inner))
    return b.add("Add", candidate, b.add("Mul", update, b.add("Sub", hidden, candidate))), None


def _lstm_step(d: _Direction, projected: tuple[str, ...], state: State) -> State:
    """C = f·C₋₁ + i·c, H = o·h(C); peepholes show the gates the cell state."""
    b, (hidden, cell) = d.builder, state
    gate_in, gate_out, gate_forget, new = d.gates(d.with_hidden(projected[0], hidden), 4)
    i = d.activated(0, _peeped(d, gate_in, 0, cell))
    current = b.add("Mul", i, d.activated(1, new))
    if cell is not None:
        f = d.activated(0, _peeped(d, gate_forget, 2, cell))
        current = b.add("Add", b.add("Mul", f, cell), current)
    o = d.activated(0, _peeped(d, gate_out, 1, current))
    # ONNX Runtime clips what enters the gates, not the cell state.
    return b.add("Mul", o, d.activated(2, current, clipped=False)), current


def _peeped(d: _Direction, gate: str, which: int, cell: str | None) -> str:
    if not d.peepholes or cell is None:
        return gate
    return d.builder.add("Add", gate, d.builder.add("Mul", cell, d.peepholes[which]))


def _row(value: str, b: Builder) -> str:
    return b.reshape(value, (1, b.type(value).size))


_STEPS: dict[str, Callable[[_Direction, tuple[str, ...], State], State]] = {
    "RNN": _rnn_step,
    "GRU": _gru_step,
    "LSTM": _lstm_step,
}

RULES = (Rule(name="recurrent", ops=tuple(_STEPS), apply=_layer),)
