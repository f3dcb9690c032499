"""A product with a number and a sum with another as one operator: ``linear_activation``, x · alpha + beta.

The product stays in the graph, and is gone from the program as nothing reads it there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mobilekit.convert.coreml.operation import Operation


def linear(op: Operation, product: str, offset: str, *, sign: float = 1.0, offset_sign: float = 1.0) -> bool:
    """Write ``sign · product + offset_sign · offset``, if these are x · number and a number; whether it did.

    Not where something else reads the product too, nor where one of both nodes alone computes in float32.
    """
    view, node = op.emitter.view, op.producer(product)
    beta = _number(op, offset)
    if beta is None or node is None or node.op_type != "Mul" or node.domain:
        return False
    if len(view.consumers[product]) != 1 or product in view.outputs or op.tensor_dtype(product).kind != "f":
        return False
    if (product in op.emitter.islands) != bool(op.emitter.islands.intersection(op.outputs)):
        return False
    for x, factor in (node.input, node.input[::-1]):
        alpha = _number(op, factor)
        if alpha is None or not op.is_at_hand(x) or op.shape(x) != op.shape(op.outputs[0]):
            continue
        op.result(op.add("linear_activation", x=op.input(x), alpha=sign * alpha, beta=offset_sign * beta))
        return True
    return False


def _number(op: Operation, name: str) -> float | None:
    """The one number of a constant."""
    if not op.is_constant(name) or op.constant(name).size != 1:
        return None
    return float(op.constant(name).item())
