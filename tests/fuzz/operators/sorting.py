"""Where the largest are: ArgMax, ArgMin, TopK. Ties are welcome where they are exact."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.fuzz.draft import Draft


def _arg(op: str, d: Draft) -> None:
    x = d.operand("float", *(("int32", "uint8", "int64") if d.choose.chance(15) else ()))
    axis = d.choose.integer(-x.rank if d.opset >= 11 else 0, x.rank - 1)
    last = d.choose.of([None, 0, 1]) if d.opset >= 12 else None
    d.add(op, [x], axis=d.choose.of([axis, None]), keepdims=d.choose.of([None, 0]), select_last_index=last)


def _top_k(d: Draft) -> None:
    integers = ("int64", "int32") if d.opset >= 11 and d.choose.chance(20) else ()
    x = d.operand("float", *integers)
    axis = d.choose.integer(-x.rank if d.opset >= 11 else 0, x.rank - 1)
    k = d.choose.integer(1, x.shape[axis])
    if d.opset < 10:
        d.add("TopK", [x], outputs=2, k=k, axis=axis)
    elif d.opset < 11:
        d.add("TopK", [x, d.ints([k])], outputs=2, axis=axis)
    else:
        largest = d.choose.of([None, 0])
        d.add("TopK", [x, d.constant(np.asarray([k]))], outputs=2, axis=axis, largest=largest, sorted=1)


TABLE = {"ArgMax": partial(_arg, "ArgMax"), "ArgMin": partial(_arg, "ArgMin"), "TopK": _top_k}
