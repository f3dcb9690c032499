"""Products of matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobilekit.convert.optable import lowers

if TYPE_CHECKING:
    from mobilekit.convert.coreml.operation import Operation


@lowers("MatMul", since=13)
def matmul(op: Operation, a: str, b: str) -> None:
    """``linear`` by a constant matrix, which MIL keeps as ``[out, in]``; else ``matmul``."""
    if op.tensor_dtype(a).kind == "f" and op.is_constant(b) and len(op.shape(b)) == 2:
        weight = op.constant(b).T.copy()
        op.result(op.add("linear", x=op.input(a), weight=weight))
        return
    op.result(op.add("matmul", x=op.input(a), y=op.input(b)))


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
