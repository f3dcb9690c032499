"""Pools over one to three axes, and over all of them."""

from __future__ import annotations

from functools import partial

from tests.fuzz.draft import Draft
from tests.fuzz.operators.convolution import image
from tests.fuzz.operators.windows import window

_CEIL = {"MaxPool": 10, "AveragePool": 10, "LpPool": 18}
_DILATIONS = {"MaxPool": 10, "AveragePool": 19, "LpPool": 18}


def _pool(op: str, d: Draft) -> None:
    x = image(d)
    dilate = d.opset >= _DILATIONS[op]
    w = window(d, x.shape[2:], dilate=dilate, below_kernel=True)
    given = w.attributes(d, kernel=True, dilations=dilate)
    if d.opset >= _CEIL[op]:
        given["ceil_mode"] = d.choose.of([None, 0, 1])
    if op == "AveragePool":
        given["count_include_pad"] = d.choose.of([None, 0, 1])
    if op == "LpPool":
        given["p"] = d.choose.of([None, 1, 2, 3])
    outputs = 2 if op == "MaxPool" and d.opset >= 8 and d.choose.chance(10) else 1
    d.add(op, [x], outputs=outputs, **given)


def _global(op: str, d: Draft) -> None:
    d.add(op, [image(d)], **({"p": d.choose.of([None, 1, 2, 3])} if op == "GlobalLpPool" else {}))


TABLE = {
    **{op: partial(_pool, op) for op in ("MaxPool", "AveragePool", "LpPool")},
    **{op: partial(_global, op) for op in ("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")},
}
