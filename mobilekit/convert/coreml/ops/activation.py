"""Activations and other functions of one float tensor, element by element."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mobilekit.convert.optable import lowers

if TYPE_CHECKING:
    from mobilekit.convert.coreml.operation import Operation


def _unary(op: Operation, mil_op: str, x: str, **options: float | str) -> None:
    if op.tensor_dtype(x).kind != "f":
        op.refuse(f"its elements are of type {op.tensor_dtype(x).name}")
    op.result(op.add(mil_op, x=op.input(x), **options))


@lowers("Relu", since=14)
def relu(op: Operation, x: str) -> None:
    """``relu``."""
    _unary(op, "relu", x)


@lowers("LeakyRelu", since=6)
def leaky_relu(op: Operation, x: str, *, alpha: float = 0.01) -> None:
    """``leaky_relu``."""
    _unary(op, "leaky_relu", x, alpha=alpha)


@lowers("Elu", since=6)
def elu(op: Operation, x: str, *, alpha: float = 1.0) -> None:
    """``elu``."""
    _unary(op, "elu", x, alpha=alpha)


@lowers("HardSigmoid", since=6)
def hard_sigmoid(op: Operation, x: str, *, alpha: float = 0.2, beta: float = 0.5) -> None:
    """``sigmoid_hard``."""
    _unary(op, "sigmoid_hard", x, alpha=alpha, beta=beta)


@lowers("Gelu", since=20)
def gelu(op: Operation, x: str, *, approximate: str = "none") -> None:
    """``gelu``, exact or by tanh."""
    _unary(op, "gelu", x, mode="TANH_APPROXIMATION" if approximate == "tanh" else "EXACT")


@lowers("Sigmoid", since=13)
def sigmoid(op: Operation, x: str) -> None:
    """``sigmoid``."""
    _unary(op, "sigmoid", x)


@lowers("Tanh", since=13)
def tanh(op: Operation, input: str) -> None:  # noqa: A002
    """``tanh``."""
    _unary(op, "tanh", input)


@lowers("Softplus", since=1)
def softplus(op: Operation, x: str) -> None:
    """``softplus``."""
    _unary(op, "softplus", x)


@lowers("Softsign", since=1)
def softsign(op: Operation, input: str) -> None:  # noqa: A002
    """``softsign``."""
    _unary(op, "softsign", input)


@lowers("Softmax", since=13)
def softmax(op: Operation, input: str, *, axis: int = -1) -> None:  # noqa: A002
    """``softmax``."""
    if op.tensor_dtype(input).kind != "f":
        op.refuse("its elements are integers")
    op.result(op.add("softmax", x=op.input(input), axis=axis))


@lowers("Erf", since=13)
def erf(op: Operation, input: str) -> None:  # noqa: A002
    """``erf``."""
    _unary(op, "erf", input)


@lowers("Exp", since=13)
def exp(op: Operation, input: str) -> None:  # noqa: A002
    """``exp``."""
    _unary(op, "exp", input)


@lowers("Sqrt", since=13)
def sqrt(op: Operation, x: str) -> None:
    """``sqrt``."""
    _unary(op, "sqrt", x)


@lowers("Abs", since=13)
def abs_(op: Operation, x: str) -> None:
    """``abs``."""
    _unary(op, "abs", x)


@lowers("Floor", since=13)
def floor(op: Operation, x: str) -> None:
    """``floor``."""
    _unary(op, "floor", x)


@lowers("Ceil", since=13)
def ceil(op: Operation, x: str) -> None:
    """``ceil``."""
    _unary(op, "ceil", x)


@lowers("Round", since=11)
def round_(op: Operation, x: str) -> None:
    """``round``: halves to even in both."""
    _unary(op, "round", x)
