"""What is float in every plan of a graph, whatever is observed, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mobilekit.plan.faster_in_float import faster_in_float
from mobilekit.plan.small_products import small_products

if TYPE_CHECKING:
    from mobilekit.convert.tflite.quantisable import Operator
    from mobilekit.convert.tflite.view import GraphView


def always_float(view: GraphView, operators: Sequence[Operator]) -> dict[str, str]:
    """Operators by name: small products, and what the kernels do faster in float."""
    denied = small_products(view, operators)
    return {**denied, **faster_in_float(view, operators, denied)}
