"""Matrix products that are next to no work stay float: they make parameters for a whole picture.

A gamma, a colour matrix, a style vector or a channel gate comes from a product of a few numbers, and
one int8 step of it shows in every pixel. Measured on an exposure correction network: two products
with a millionth of the work cost 14 dB on the worst photo.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mobilekit.plan.macs import count_macs

if TYPE_CHECKING:
    from mobilekit.convert.tflite.quantisable import Operator
    from mobilekit.convert.tflite.view import GraphView

LARGEST_SHARE = 0.002
"""Of all multiply-accumulates, what these products may have together: far below the 1 % of a scheme."""

REASON = "a product of next to no work, whose few results matter everywhere"


def small_products(view: GraphView, operators: Sequence[Operator]) -> dict[str, str]:
    """The smallest products of vectors and weights, by name, with the reason to keep them float.

    MatMul, Gemm, and convolutions of a map of one pixel, smallest first.
    """
    counts = count_macs(view)
    budget = LARGEST_SHARE * sum(counts.values())
    found: dict[str, str] = {}
    for operator in sorted(operators, key=lambda o: (counts.get(o.name, 0), o.name)):
        if operator.rule != "weights" or not _is_product(view, operator):
            continue
        budget -= counts[operator.name]
        if budget < 0:
            break
        found[operator.name] = REASON
    return found


def _is_product(view: GraphView, operator: Operator) -> bool:
    if operator.op_type in ("MatMul", "Gemm"):
        return True
    return operator.op_type == "Conv" and set(view.shapes[operator.name][2:]) == {1}
