"""Which operators run in int8, and why the others stay float.

Operators with weights are int8: that is where the work is. The others follow them only where that
saves conversions: data that an int8 operator makes and another int8 operator reads stays int8, and
what merely moves data towards an int8 operator moves bytes instead of floats, and so does a Concat of
what int8 weights made. The tail behind the last weights stays float, where steps of 1/255 would show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from mobilekit.quantisation import OperatorPlan

if TYPE_CHECKING:
    from mobilekit.convert.tflite.quantisable import Operator

NO_KERNEL = "no 8-bit kernel"
NORM = "statistics of a normalisation: in int8 a small variance becomes zero"
PRODUCT = "a product of two computed matrices: int8 steps of attention weights cost quality"
NOT_READ = "no int8 operator reads its result"
FLOAT_DATA = "its operands are float: int8 would only add conversions"
PREPROCESSING = "arithmetic on the model's inputs alone: int8 would round twice"


def decide(
    operators: Sequence[Operator], *, denied: Mapping[str, str] | None = None
) -> dict[str, OperatorPlan]:
    """The precision of every operator, by name; ``denied`` operators stay float for the reason given.

    Starts from all that could be int8 and takes away what does not pay until nothing changes.
    """
    reasons: dict[str, str] = dict(denied or {})
    for operator in operators:
        if operator.rule is None:
            reasons.setdefault(operator.name, _no_kernel(operator))
    readers = _readers(operators)
    makers = {value: operator for operator in operators for value in operator.outputs}
    changed = True
    while changed:
        changed = False
        for operator in operators:
            if operator.name in reasons or operator.rule == "weights":
                continue
            reason = _does_not_pay(operator, readers, makers, reasons)
            if reason:
                reasons[operator.name] = reason
                changed = True
    return {operator.name: _plan(reasons.get(operator.name)) for operator in operators}


def _plan(reason: str | None) -> OperatorPlan:
    return (
        OperatorPlan(precision="int8") if reason is None else OperatorPlan(precision="float", reason=reason)
    )


def _no_kernel(operator: Operator) -> str:
    if "Normalize" in operator.op_type:
        return NORM
    if operator.op_type == "MatMul" and len(operator.inputs) == 2:
        return PRODUCT
    return f"{NO_KERNEL} for {operator.op_type}"


def _does_not_pay(
    operator: Operator,
    readers: Mapping[str, list[Operator]],
    makers: Mapping[str, Operator],
    reasons: Mapping[str, str],
) -> str | None:
    """Why an operator without weights should be float, given what is float so far."""
    followers = [reader for value in operator.outputs for reader in readers.get(value, [])]
    int8_followers = [reader for reader in followers if reader.name not in reasons]
    if not int8_followers:
        return None if followers and _joins(operator, makers, reasons) else NOT_READ
    if operator.rule != "same-scale" and not any(value in makers for value in operator.inputs):
        return PREPROCESSING
    ready = all(value not in makers or makers[value].name not in reasons for value in operator.inputs)
    if ready:
        return None
    if operator.rule == "same-scale" and len(int8_followers) == len(followers):
        return None
    return FLOAT_DATA


def _joins(operator: Operator, makers: Mapping[str, Operator], reasons: Mapping[str, str]) -> bool:
    """Whether it only puts together what int8 weights made: bytes to move, one conversion for all."""
    if operator.op_type != "Concat" or operator.rule != "same-scale":
        return False
    if len(operator.inputs) < 2 or operator.constants:
        return False
    made = [makers.get(value) for value in operator.inputs]
    return all(m is not None and m.rule == "weights" and m.name not in reasons for m in made)


def _readers(operators: Iterable[Operator]) -> dict[str, list[Operator]]:
    readers: dict[str, list[Operator]] = {}
    for operator in operators:
        for value in dict.fromkeys(operator.inputs):
            readers.setdefault(value, []).append(operator)
    return readers
