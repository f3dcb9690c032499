"""Products of matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobilekit.convert.optable import lowers

if TYPE_CHECKING:
    from mobilekit.convert.coreml.operation import Operation


@lowers("MatMul", since=13)
def matmul(op: Operation, a: str, b: str) -> None:
    """``linear`` by a constant matrix, which MIL keeps as ``[out, in]``; else ``matmul``.

    An operand that is a Transpose of the last two axes is read as it was before, with ``transpose_x`` or
    ``transpose_y``; the Transpose is gone if nothing else reads it.
    """
    x, y = _before_swap(op, a), _before_swap(op, b)
    if x is None and op.tensor_dtype(a).kind == "f" and op.is_constant(b) and len(op.shape(b)) == 2:
        weight = op.constant(b).T.copy()
        op.result(op.add("linear", x=op.input(a), weight=weight))
        return
    turns = {"transpose_x": x is not None or None, "transpose_y": y is not None or None}
    op.result(op.add("matmul", x=op.input(x or a), y=op.input(y or b), **turns))


def _before_swap(op: Operation, name: str) -> str | None:
    """What ``name`` is with its last two axes exchanged, if a node has exchanged them and it is at hand."""
    node = op.producer(name)
    if node is None or node.op_type != "Transpose" or node.domain:
        return None
    rank = len(op.shape(name))
    perm = next((list(a.ints) for a in node.attribute if a.name == "perm"), [])
    is_swap = perm == [*range(rank - 2), rank - 1, rank - 2]
    return node.input[0] if is_swap and op.is_at_hand(node.input[0]) else None


@lowers("Gemm", since=13)
def gemm(
    op: Operation,
    a: str,
    b: str,
    c: str | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,  # noqa: N803
    transB: int = 0,  # noqa: N803
) -> None:
    """``linear``: a fully connected layer is what legalising leaves of Gemm."""
    if (alpha, transA, transB) != (1.0, 0, 1) or (c is not None and beta != 1.0):
        op.refuse("anything but a fully connected layer is legalised before, not emitted")
    op.constant(b)
    if c is not None:
        op.constant(c)
    bias = None if c is None else op.input(c)
    op.result(op.add("linear", x=op.input(a), weight=op.input(b), bias=bias))
