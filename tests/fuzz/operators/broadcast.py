"""Operators of several operands with broadcasting: arithmetic, comparison, logic, selection."""

from __future__ import annotations

from functools import partial

from onnx import TensorProto as T
from onnx import helper

from tests.fuzz.draft import Draft, Unfit, Value

_INTEGERS = ("int64", "int32")


def partner_shape(d: Draft, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that broadcasts with ``shape``, maybe to a larger one."""
    how = d.choose.integer(0, 5)
    if how == 0:
        return shape
    if how == 1:
        return ()
    if how == 2:
        return shape[d.choose.integer(0, len(shape)) :]
    if how == 3 and len(shape) > 2:
        return tuple(s if i == 1 else 1 for i, s in enumerate(shape))
    if how == 4 and len(shape) < 5:
        return (d.choose.integer(1, 3), *(1 if d.choose.chance(40) else s for s in shape))
    return tuple(d.choose.of([s, 1, 3] if s == 1 else [s, 1]) for s in shape)


def partner(d: Draft, x: Value, *, kind: str | None = None, low=None, high=None, runtime: int = 40) -> str:
    """The other operand of ``x``: a constant, or a value that broadcasts with it."""
    kind = kind or x.kind
    if d.choose.chance(runtime):
        y = d.operand(
            kind, ranks=range(7), where=lambda v: _broadcasts(v.shape, x.shape), low=low, high=high,
            shape=lambda: partner_shape(d, x.shape),
        )  # fmt: skip
        return y.name
    return d.weight(partner_shape(d, x.shape), kind, low, high, runtime=0)


def _broadcasts(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    pairs = zip(reversed(a), reversed(b), strict=False)
    return all(m == n or 1 in (m, n) for m, n in pairs)


def _kinds(d: Draft, *others: str) -> tuple[str, ...]:
    return ("float", *(others if d.choose.chance(20) else ()))


def _swapped(d: Draft, x: Value | str, y: Value | str) -> list[Value | str]:
    return [y, x] if d.choose.chance(35) else [x, y]


def _arithmetic(op: str, d: Draft) -> None:
    x = d.operand(*_kinds(d, *_INTEGERS), ranks=range(7))
    d.add(op, _swapped(d, x, partner(d, x)))


def _div(d: Draft) -> None:
    x = d.operand(*_kinds(d, *_INTEGERS))
    if x.kind == "float":
        d.add("Div", [x, partner(d, x, low=0.4, high=60.0)])
    else:
        d.add("Div", [x, partner(d, x, low=1, high=5, runtime=15)])


def _pow(d: Draft) -> None:
    if d.choose.chance(50):
        x = d.operand(low=-6.0, high=6.0)
        exponent = d.choose.of([2.0, 3.0, 1.0, 0.0, 4.0])
        kind = d.choose.of(["float", "int64", "int32"]) if d.opset >= 12 else "float"
        d.add("Pow", [x, d.scalar(exponent, kind)])
        return
    x = d.operand(low=0.05, high=20.0)
    if d.choose.chance(50):
        d.add("Pow", [x, d.scalar(d.choose.of([0.5, -1.0, -0.5, 1.7, 2.0]))])
    else:
        d.add("Pow", [x, partner(d, x, low=-2.0, high=2.0)])


def _mod(d: Draft) -> None:
    if d.choose.chance(50):
        x = d.operand()
        d.add("Mod", [x, partner(d, x, low=0.4, high=60.0)], fmod=1)
        return
    x = d.operand("int32", "int64", "uint8")
    least = d.choose.of([1, -5]) if x.kind != "uint8" else 1
    y = d.numbers(partner_shape(d, x.shape), x.kind, least, 5)
    y[y == 0] = 3
    d.add("Mod", [x, d.constant(y)], fmod=d.choose.of([None, 0, 1]))


def _variadic(op: str, d: Draft) -> None:
    integers = _INTEGERS if op in ("Max", "Min") and d.opset >= 8 else ()
    x = d.operand(*_kinds(d, *integers))
    others: list[Value | str] = [partner(d, x) for _ in range(d.choose.of([1, 2, 0, 3]))]
    if op in ("Max", "Min", "Sum", "Mean") and d.opset < 8:
        others = [x] * len(others)
    d.add(op, [x, *others])


def _comparison(op: str, d: Draft) -> None:
    integers = _INTEGERS if op == "Equal" or d.opset >= 9 else ()
    kinds = _INTEGERS if op == "Equal" and d.opset < 11 else ("float", *integers)
    x = d.operand(*kinds)
    d.add(op, _swapped(d, x, partner(d, x)))


def _logic(op: str, d: Draft) -> None:
    x = d.operand("bool")
    d.add(op, _swapped(d, x, partner(d, x)))


def _not(d: Draft) -> None:
    d.add("Not", [d.operand("bool")])


def _where(d: Draft) -> None:
    condition = d.operand("bool")
    kind = d.choose.of(["float", "float", "int64", "int32", "bool"])
    fitting = [v for v in reversed(d.values) if v.kind == kind and _broadcasts(v.shape, condition.shape)]
    x = d.choose.of(fitting) if fitting else d.input(condition.shape, kind)
    d.add("Where", [condition, *_swapped(d, x, partner(d, x))])


def _cast(d: Draft) -> None:
    x = d.operand("float", "bool", "int64", "int32", "uint8", "int8", ranks=range(7))
    options = [T.FLOAT, T.INT32, T.INT64, T.BOOL, T.UINT8, T.INT8, T.DOUBLE, T.FLOAT16, T.INT16, T.UINT32]
    to = d.choose.of(options)
    if to in (T.UINT8, T.UINT32, T.INT8) and x.kind not in ("bool", "uint8"):
        # Numbers beyond the type are cast as each machine likes: none of these, and no second feed.
        low, high = (-127, 127) if to == T.INT8 else (0, 255)
        if x.array.min() < low or x.array.max() > high:
            msg = "numbers beyond the type"
            raise Unfit(msg)
        d.feeds = 1
    (result,) = d.add("Cast", [x], to=to)
    if result.array.dtype.kind == "f" and result.array.dtype != d.dtype:
        # Operators take floats of one width: the other one is cast back at once.
        d.add("Cast", [result], to=helper.np_dtype_to_tensor_dtype(d.dtype))
        d.values.remove(result)


def _cast_like(d: Draft) -> None:
    x = d.operand("float", "bool", "int64", "int32")
    like = d.operand("int64", "int32", "float", "bool")
    d.add("CastLike", [x, like])


TABLE = {
    **{op: partial(_arithmetic, op) for op in ("Add", "Sub", "Mul")},
    "Div": _div,
    "Pow": _pow,
    "Mod": _mod,
    **{op: partial(_variadic, op) for op in ("Max", "Min", "Sum", "Mean")},
    **{op: partial(_comparison, op) for op in ("Greater", "Less", "Equal", "GreaterOrEqual", "LessOrEqual")},
    **{op: partial(_logic, op) for op in ("And", "Or", "Xor")},
    "Not": _not,
    "Where": _where,
    "Cast": _cast,
    "CastLike": _cast_like,
}
