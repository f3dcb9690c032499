"""Quantised values inside a float model."""

from __future__ import annotations

import numpy as np

from tests.fuzz.draft import Draft


def _quantize(d: Draft) -> None:
    x = d.operand()
    operands = [d.constant(np.asarray(0.05, d.dtype)), d.constant(np.asarray(3, np.int8))]
    (q,) = d.add("QuantizeLinear", [x, *operands])
    d.add("DequantizeLinear", [q, *operands])


TABLE = {"QuantizeLinear": _quantize}
