"""Control flow of known outcome: If with a constant condition, Loop and Scan of known length."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper

from tests.fuzz.draft import Draft, Value


def _typed(d: Draft, name: str, shape: tuple[int, ...] | None):
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(d.dtype), shape)


def _branch(d: Draft, op: str, x: Value, name: str):
    """A branch that reads ``x`` from outside."""
    inner = d.fresh("t")
    return helper.make_graph([helper.make_node(op, [x.name], [inner])], name, [], [_typed(d, inner, x.shape)])


def _if(d: Draft) -> None:
    x = d.operand()
    condition = d.constant(np.asarray(d.choose.chance(50)))
    branches = [_branch(d, d.choose.of(["Relu", "Neg", "Tanh"]), x, name) for name in ("yes", "no")]
    d.add("If", [condition], then_branch=branches[0], else_branch=branches[1])


def _loop(d: Draft) -> None:
    """A state that each turn squashes and adds ``x`` to; its values may be stacked too."""
    x = d.operand(ranks=range(1, 4))
    start = d.weight(x.shape, runtime=50)
    state, condition, more, again, half, total, copy = (d.fresh("t") for _ in range(7))
    stacked = d.choose.chance(40)
    body = helper.make_graph(
        [
            helper.make_node("Identity", [condition], [again]),
            helper.make_node("Tanh", [state], [half]),
            helper.make_node("Add", [half, x.name], [total]),
            *([helper.make_node("Identity", [total], [copy])] if stacked else []),
        ],
        "body",
        [
            helper.make_tensor_value_info(more, TensorProto.INT64, ()),
            helper.make_tensor_value_info(condition, TensorProto.BOOL, ()),
            _typed(d, state, x.shape),
        ],
        [
            helper.make_tensor_value_info(again, TensorProto.BOOL, ()),
            _typed(d, total, x.shape),
            *([_typed(d, copy, x.shape)] if stacked else []),
        ],
    )
    count, always = d.constant(np.asarray(d.choose.integer(1, 3))), d.constant(np.asarray(True))
    d.add("Loop", [count, always, start], outputs=1 + stacked, body=body)


def _scan(d: Draft) -> None:
    """Running sums of the rows of ``x``."""
    x = d.operand(ranks=range(2, 5))
    row = x.shape[1:]
    state, part, total, copy = (d.fresh("t") for _ in range(4))
    body = helper.make_graph(
        [helper.make_node("Add", [state, part], [total]), helper.make_node("Identity", [total], [copy])],
        "body",
        [_typed(d, state, row), _typed(d, part, row)],
        [_typed(d, total, row), _typed(d, copy, row)],
    )
    d.add("Scan", [d.weight(row, runtime=50), x], outputs=2, body=body, num_scan_inputs=1)


TABLE = {"If": _if, "Loop": _loop, "Scan": _scan}
