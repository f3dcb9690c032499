"""Larger operators: recurrent layers, losses, attention, MaxUnpool, sampling by an affine map."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.fuzz.draft import Draft

_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def _recurrent(op: str, d: Draft) -> None:
    """A layer over a few steps: one or two directions, with or without biases and first states."""
    x = d.operand(ranks=(3,), shape=lambda: (3, 2, 4), where=lambda v: v.shape[0] <= 4)
    _, batch, features = x.shape
    hidden = d.choose.integer(1, 3)
    direction = d.choose.of([None, "forward", "reverse", "bidirectional"])
    count = 2 if direction == "bidirectional" else 1
    rows = _GATES[op] * hidden
    operands = [
        d.weight((count, rows, features), low=-1, high=1),
        d.weight((count, rows, hidden), low=-1, high=1),
    ]
    bias = d.weight((count, 2 * rows), low=-1, high=1) if d.choose.chance(60) else ""
    state = d.weight((count, batch, hidden), runtime=40) if d.choose.chance(40) else ""
    rest = [bias, "", state]
    if op == "LSTM" and state and d.choose.chance(60):
        rest.append(d.weight((count, batch, hidden), runtime=40))
    extra = {"linear_before_reset": d.choose.of([None, 1])} if op == "GRU" else {}
    outputs = 3 if op == "LSTM" and d.choose.chance(40) else d.choose.of([2, 1])
    d.add(op, [x, *operands, *rest], outputs=outputs, hidden_size=hidden, direction=direction, **extra)


def _loss(op: str, d: Draft) -> None:
    x = d.operand(ranks=(2, 3, 4))
    target = d.numbers((x.shape[0], *x.shape[2:]), "int64", 0, x.shape[1] - 1)
    rest = [d.weight((x.shape[1],), low=0.5, high=2.0, runtime=0)] if d.choose.chance(40) else []
    reduction = d.choose.of([None, "sum", "none"])
    d.add(op, [x, d.constant(target), *rest], reduction=reduction)


def _max_unpool(d: Draft) -> None:
    """MaxPool with its Indices, and back."""
    x = d.operand(
        ranks=(4,), shape=lambda: (1, 2, 6, 4), where=lambda v: v.shape[2] % 2 == v.shape[3] % 2 == 0
    )
    window = {"kernel_shape": [2, 2], "strides": [2, 2]}
    pooled, indices = d.add("MaxPool", [x], outputs=2, **window)
    d.add("MaxUnpool", [pooled, indices], **window)


def _attention(d: Draft) -> None:
    q = d.operand(ranks=(4,), shape=lambda: (1, 2, 3, 4))
    batch, heads, _, size = q.shape
    k = d.weight((batch, heads, 5, size), runtime=50)
    v = d.weight((batch, heads, 5, d.choose.integer(1, 4)), runtime=50)
    d.add("Attention", [q, k, v], is_causal=d.choose.of([None, 1]), softcap=d.choose.of([None, 2.0]))


def _rotary(d: Draft) -> None:
    x = d.operand(ranks=(4,), shape=lambda: (1, 2, 3, 4), where=lambda v: v.shape[-1] % 2 == 0)
    batch, _, steps, size = x.shape
    tables = [d.weight((batch, steps, size // 2), low=-1, high=1) for _ in range(2)]
    d.add("RotaryEmbedding", [x, *tables], interleaved=d.choose.of([None, 1]))


def _affine_grid(d: Draft) -> None:
    x = d.operand(ranks=(4,), shape=lambda: (1, 2, 4, 5))
    n, c = x.shape[:2]
    theta = d.weight((n, 2, 3), low=-1.0, high=1.0, runtime=60)
    size = d.constant(np.asarray([n, c, d.choose.integer(1, 5), d.choose.integer(2, 5)]))
    add = d.node if theta in (*d.constants, *d.known) else lambda *given, **rest: d.add(*given, **rest)[0]
    grid = add("AffineGrid", [theta, size], align_corners=d.choose.of([None, 1]))
    d.add("GridSample", [x, grid], padding_mode=d.choose.of([None, "border"]))


def _deform_conv(d: Draft) -> None:
    x = d.operand(ranks=(4,), shape=lambda: (1, 2, 5, 4), where=lambda v: min(v.shape[2:]) > 2)
    n, c, height, width = x.shape
    offsets = d.weight((n, 8, height - 1, width - 1), low=-0.8, high=0.8, runtime=60)
    operands = [x, d.weight((3, c, 2, 2), low=-1, high=1, runtime=10), offsets]
    if d.choose.chance(60):
        operands += [d.weight((3,)), d.weight((n, 4, height - 1, width - 1), low=0, high=1, runtime=60)]
    d.add("DeformConv", operands, kernel_shape=[2, 2])


def _roi_align(d: Draft) -> None:
    x = d.operand(ranks=(4,), shape=lambda: (1, 2, 6, 7))
    boxes = np.asarray([[0.3, 0.2, 4.1, 3.6], [1.2, 0.7, 3.3, 4.9]], d.dtype)
    d.add("RoiAlign", [x, d.constant(boxes), d.constant(np.zeros(2, np.int64))], mode=d.choose.of([None, "avg"]),
          output_height=d.choose.integer(1, 3), output_width=d.choose.integer(1, 3))  # fmt: skip


def _dft(d: Draft) -> None:
    x = d.operand(ranks=(3, 4), where=lambda v: v.shape[-1] in (1, 2), shape=lambda: (1, 5, 2))
    if d.opset < 20:
        d.add("DFT", [x], axis=1, inverse=d.choose.of([None, 1]))
    else:
        d.add("DFT", [x, "", d.constant(np.asarray(1))], inverse=d.choose.of([None, 1]))


TABLE = {
    "DeformConv": _deform_conv,
    "RoiAlign": _roi_align,
    "DFT": _dft,
    **{op: partial(_recurrent, op) for op in _GATES},
    **{op: partial(_loss, op) for op in ("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss")},
    "MaxUnpool": _max_unpool,
    "Attention": _attention,
    "RotaryEmbedding": _rotary,
    "AffineGrid": _affine_grid,
}
