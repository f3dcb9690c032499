"""Functions of one number, with the ranges of numbers that they are defined on."""

from __future__ import annotations

from functools import partial

from tests.fuzz.draft import Draft

_BOUNDS = {
    "Acos": (-0.95, 0.95), "Acosh": (1.1, 4.0), "Asin": (-0.95, 0.95), "Atanh": (-0.95, 0.95),
    "Cosh": (-4.0, 4.0), "Exp": (-6.0, 6.0), "Log": (0.05, 500.0), "Reciprocal": (0.1, 100.0),
    "Sinh": (-4.0, 4.0), "Sqrt": (0.0, 1e4), "Tan": (-1.2, 1.2),
}  # fmt: skip
_ATTRIBUTES = {
    "Celu": ("alpha",), "Elu": ("alpha",), "HardSigmoid": ("alpha", "beta"), "LeakyRelu": ("alpha",),
    "Selu": ("alpha", "gamma"), "Shrink": ("bias", "lambd"), "Swish": ("alpha",), "ThresholdedRelu": ("alpha",),
}  # fmt: skip
_PLAIN = (
    "Relu", "Sigmoid", "Tanh", "Abs", "Neg", "Exp", "Log", "Sqrt", "Reciprocal", "Sin", "Cos", "Tan", "Acos",
    "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Sinh", "Cosh", "Ceil", "Floor", "Round", "Sign", "Erf", "Celu",
    "Elu", "HardSigmoid", "HardSwish", "LeakyRelu", "Mish", "Selu", "Shrink", "Softplus", "Softsign", "Swish",
    "ThresholdedRelu", "Identity", "IsNaN",
)  # fmt: skip
_WITH_INTEGERS = {"Abs": ("int32", "int64"), "Neg": ("int32", "int64"), "Sign": ("int32", "int64"),
                  "Identity": ("int64", "int32", "bool", "uint8"), "Relu": ("int32",)}  # fmt: skip


def _unary(op: str, d: Draft) -> None:
    low, high = _BOUNDS.get(op, (None, None))
    kinds = ("float", *(_WITH_INTEGERS.get(op, ()) if d.choose.chance(15) else ()))
    x = d.operand(*kinds, low=low, high=high, ranks=range(7))
    given = {name: d.choose.number(0.05, 1.5) for name in _ATTRIBUTES.get(op, ()) if d.choose.chance(60)}
    d.add(op, [x], **given)


def _gelu(d: Draft) -> None:
    d.add("Gelu", [d.operand()], approximate=d.choose.of([None, "none", "tanh"]))


def _clip(d: Draft) -> None:
    kinds = ("float", *(("int32", "int64", "uint8", "int8") if d.opset >= 12 and d.choose.chance(20) else ()))
    x = d.operand(*kinds)
    low, high = d.choose.of([(-0.5, 0.5), (0.0, 1.0), (0.0, 6.0), (-1.0, 1.0), (0.3, 2.5), (1.0, -1.0)])
    has_low, has_high = d.choose.of([(True, True), (True, False), (False, True), (False, False)])
    if d.opset < 11:
        d.add("Clip", [x], min=low if has_low else None, max=high if has_high else None)
        return
    if x.kind.startswith("u"):
        low = max(low, 0.0)
    runtime = d.choose.chance(10) and x.kind == "float"
    names = [
        (d.input((), x.kind, v - 0.1, v + 0.1).name if runtime else d.scalar(v, x.kind)) if given else ""
        for v, given in ((low, has_low), (high, has_high))
    ]
    d.add("Clip", [x, *names])


def _softmax(op: str, d: Draft) -> None:
    x = d.operand()
    least = -x.rank if d.opset >= 11 else 0
    axis = d.choose.of([None, *range(least, x.rank)])
    d.add(op, [x], axis=axis)


def _dropout(d: Draft) -> None:
    x = d.operand()
    outputs = d.choose.of([1, 1, 1, 2])
    if d.opset < 12:
        d.add("Dropout", [x], ratio=d.choose.of([None, 0.3]))
    elif outputs == 1 and d.choose.chance(50):
        d.add("Dropout", [x, d.scalar(0.4)])
    else:
        d.add("Dropout", [x])


def _is_inf(d: Draft) -> None:
    d.add(
        "IsInf", [d.operand()], detect_negative=d.choose.of([None, 0]), detect_positive=d.choose.of([None, 0])
    )


def _prelu(d: Draft) -> None:
    x = d.operand(where=lambda v: v.rank >= 1)
    shapes = [(1,), (), x.shape[1:], x.shape, x.shape[-1:], (*x.shape[1:2], *(1,) * (x.rank - 2))]
    shape = d.choose.of(shapes)
    if d.choose.chance(30):
        shape = tuple(size if d.choose.chance(60) else 1 for size in shape)
    d.add("PRelu", [x, d.weight(shape, low=-0.5, high=1.5)])


TABLE = {
    **{op: partial(_unary, op) for op in _PLAIN},
    "Gelu": _gelu,
    "Clip": _clip,
    **{op: partial(_softmax, op) for op in ("Softmax", "LogSoftmax", "Hardmax")},
    "Dropout": _dropout,
    "IsInf": _is_inf,
    "PRelu": _prelu,
}
