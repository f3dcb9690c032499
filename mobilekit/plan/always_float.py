"""What is float in every plan of a graph, whatever is observed, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mobilekit.plan.faster_in_float import faster_in_float
from mobilekit.plan.small_products import small_products

if TYPE_CHECKING:
    from mobilekit.convert.tflite.quantisable import Operator
    from mobilekit.convert.tflite.view import GraphView

SLOW_KERNELS = {"PRelu": "its 8-bit kernel is a reference one, 5 times slower than float with conversions"}
"""Operators whose int8 form costs more than it saves on a processor, with the reason (measured)."""


def always_float(
    view: GraphView, operators: Sequence[Operator], *, on_processor: bool = True
) -> dict[str, str]:
    """Operators by name: small products, and what the kernels of a processor do faster in float.

    Not ``on_processor``: the file is for accelerators alone, whose units are fast in integers only.
    """
    denied = small_products(view, operators)
    if not on_processor:
        return denied
    denied |= {o.name: SLOW_KERNELS[o.op_type] for o in operators if o.op_type in SLOW_KERNELS}
    return {**denied, **faster_in_float(view, operators, denied)}
