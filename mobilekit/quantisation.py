"""Values of quantisation: scales, ranges and the plan. Deciding them is ``plan/``'s work.

The affine scheme is that of the TFLite 8-bit quantisation specification:
``real = scale * (integer - zero_point)``; activations int8 per tensor, weights int8 symmetric per
output channel, biases int32 with scale ``input scale * weight scale``. An int16 operator has the same
weights, int64 biases, and activations int16 per tensor whose zero point is 0.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from mobilekit.errors import PlanError

OperatorPrecision = Literal["int8", "int16", "int8-weights", "fp16-weights", "float"]
"""``int8`` and ``int16`` are the type of operands and results, the weights are int8 in both.
``int8-weights``: float operands and results, int8 weights, as every operator of an int8-dynamic file.
``fp16-weights``: float in all but its weights' storage, as every operator of an fp16 file.
"""

INTEGERS: frozenset[OperatorPrecision] = frozenset({"int8", "int16"})
"""Precisions whose operands and results are integers."""

INT16_METHOD = "min-max symmetric"
"""How the ranges of a w8a16 file are found."""

FORMAT = "mobilekit-plan/3"
_LEAST_SCALE, _LARGEST_SCALE = 1e-38, 1e20  # above it, values in use would overflow float32


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Affine quantisation of one integer tensor; the zero point of an int16 tensor is 0."""

    scale: float
    zero_point: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorRange:
    """The interval of real values that an int8 tensor represents; contains zero."""

    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorPlan:
    """The precision of one operator, with the reason wherever it is not static int8."""

    precision: OperatorPrecision
    reason: str = ""


def whole_of(value: str) -> str:
    """The float sum of the two parts of ``value``, which a norm reads in its place."""
    return f"{value}/whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantisationPlan:
    """Everything that the writer needs to quantise a legalised graph, and nothing measured later.

    ``values`` maps a value of the legalised graph (its ONNX name) to scale and zero point as int8,
    ``values_int16`` as int16: a value between an int8 and an int16 operator has both.
    ``operators`` maps an operator (by the ONNX name of its first output) to its precision;
    ``equalisation`` maps a value that weights or a norm make to the positive factors its channels are
    multiplied by, which what reads it takes back (Nagel et al. 2019, section 4.1), and ``shifts`` the
    output of a convolution that a norm reads to what its channels are moved by before;
    ``bias_corrections`` maps an operator to what is added to its bias, after both; ``two_part`` names
    the outputs of convolutions that are computed twice, finely about the middle and over all; ``ranges``
    says where the scales came from. ``graph_digest`` is that of the legalised graph before both.
    """

    graph_digest: str
    values: Mapping[str, Scale]
    operators: Mapping[str, OperatorPlan]
    ranges: Mapping[str, TensorRange] = field(default_factory=dict)
    equalisation: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    method: str = "percentile"
    values_int16: Mapping[str, Scale] = field(default_factory=dict)
    shifts: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    bias_corrections: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    two_part: tuple[str, ...] = ()

    def precision_of(self, operator: str) -> OperatorPrecision:
        """Precision of the operator whose first output is ``operator``; float if not named."""
        plan = self.operators.get(operator)
        return plan.precision if plan else "float"

    @property
    def wholes(self) -> frozenset[str]:
        """What is summed of two int8 parts."""
        return frozenset(whole_of(value) for value in self.two_part)

    @property
    def is_int16(self) -> bool:
        """Whether it is the plan of a w8a16 file: integer operators are int16 ones, none is int8."""
        found = {plan.precision for plan in self.operators.values()} & INTEGERS
        return found == {"int16"} if found else self.method == INT16_METHOD

    def to_json(self) -> str:
        """Canonical JSON (sorted keys, shortest round-trip floats)."""
        return json.dumps({"format": FORMAT, **asdict(self)}, sort_keys=True, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> QuantisationPlan:
        """The plan that ``to_json`` wrote. Raises PlanError if it is damaged."""
        try:
            data = json.loads(text)
            if (found := data.pop("format")) != FORMAT:
                message = f"its format is {found!r}"
                raise ValueError(message)
            return cls(
                graph_digest=str(data["graph_digest"]),
                values={k: _scale(v, 8) for k, v in data["values"].items()},
                operators={k: _operator(v) for k, v in data["operators"].items()},
                ranges={k: TensorRange(**v) for k, v in data["ranges"].items()},
                equalisation={k: tuple(v) for k, v in data["equalisation"].items()},
                method=str(data["method"]),
                values_int16={k: _scale(v, 16) for k, v in data["values_int16"].items()},
                shifts={k: tuple(v) for k, v in data["shifts"].items()},
                bias_corrections={k: tuple(v) for k, v in data["bias_corrections"].items()},
                two_part=tuple(str(value) for value in data["two_part"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"not a quantisation plan of format {FORMAT}: {error}"
            raise PlanError(message, hint="make one with `mobilekit convert --precision int8`") from error


def _scale(said: Mapping[str, Any], bits: int) -> Scale:
    """Raises ValueError for what no integer tensor has: files with it crash, or run wrong."""
    scale, zero = said["scale"], said["zero_point"]
    if not isinstance(scale, (int, float)) or not _LEAST_SCALE <= scale <= _LARGEST_SCALE:
        message = f"a scale is {scale!r}, expected a number above 0"
        raise ValueError(message)
    least, most = (-128, 127) if bits == 8 else (0, 0)
    if not isinstance(zero, int) or not least <= zero <= most:
        message = f"a zero point is {zero!r}, expected a whole number from {least} to {most}"
        raise ValueError(message)
    return Scale(**said)


def _operator(said: Mapping[str, Any]) -> OperatorPlan:
    """Raises ValueError for a precision that there is none of: such an operator would be float, unsaid."""
    found = OperatorPlan(**said)
    if found.precision not in get_args(OperatorPrecision):
        known = ", ".join(get_args(OperatorPrecision))
        message = f"a precision is {found.precision!r}, expected one of {known}"
        raise ValueError(message)
    return found
