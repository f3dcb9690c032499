"""What must hold of a published file: each check refuses what breaks it and lets the rest pass."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from mobilekit.errors import UnsoundArtifactError
from mobilekit.package.invariants import (
    check_finite,
    check_int8,
    check_operators,
    check_output_ranges,
    check_softmax,
    planned_int8_convolutions,
    softmax_outputs,
)
from mobilekit.quantisation import OperatorPlan, QuantisationPlan, Scale
from tests.package.support import facts

PLAN = QuantisationPlan(
    graph_digest="0",
    values={"y": Scale(scale=0.5, zero_point=0)},
    operators={"a": OperatorPlan(precision="int8"), "b": OperatorPlan(precision="float", reason="r")},
)
NODES = onnx.parser.parse_graph(
    "g (float[1,3,4,4] x, float[3,3,1,1] w) => (float[1,3,4,4] y)"
    " { a = Conv (x, w) b = Conv (a, w) y = Softmax <axis = 1> (b) }"
).node


def test_builtin_operators_pass() -> None:
    """A plain operator is fine."""
    check_operators(facts("CONV_2D", ("float32",)))


@pytest.mark.parametrize(("custom", "word"), [("FlexErf", "Flex"), ("MyOp", "custom")])
def test_flex_and_custom_operators_are_refused(custom: str, word: str) -> None:
    """Both need a library that apps do not have."""
    with pytest.raises(UnsoundArtifactError, match=word):
        check_operators(facts("CUSTOM", ("float32",), custom=custom))


@pytest.mark.parametrize(
    ("name", "dtypes"),
    [("CONV_2D", ("int8", "int8")), ("TRANSPOSE_CONV", ("int32", "int8", "int8"))],
)
def test_int8_file_has_int8_activations(name: str, dtypes: tuple[str, ...]) -> None:
    """The data operand counts, which a transposed convolution has in third place."""
    check_int8(facts(name, dtypes), 1)
    floats = tuple("float32" if d == "int8" and i in (0, 2) else d for i, d in enumerate(dtypes))
    with pytest.raises(UnsoundArtifactError, match="0 of 1"):
        check_int8(facts(name, floats), 1)


def test_planned_convolutions_are_counted() -> None:
    """Only convolutions, only those that the plan has in int8."""
    assert planned_int8_convolutions(NODES, PLAN) == 1


def test_softmax_sums_to_one() -> None:
    """Along the operator's own axis; another axis, or half the mass, is refused."""
    axes = softmax_outputs(NODES, ["y"])
    assert axes == {"y": 1}
    good = np.full((1, 4, 2), 0.25, np.float32)
    check_softmax({"y": good}, axes)
    with pytest.raises(UnsoundArtifactError, match="Softmax"):
        check_softmax({"y": good * 0.8}, axes)
    with pytest.raises(UnsoundArtifactError, match="Softmax"):
        check_softmax({"y": good}, {"y": 2})


def test_only_outputs_of_a_softmax_are_asked_to_sum_to_one() -> None:
    """A Softmax inside the graph is not an output."""
    assert softmax_outputs(NODES, ["b"]) == {}


def test_outputs_lie_within_their_scale() -> None:
    """A value that the int8 tensor cannot say means that something else was computed."""
    check_output_ranges({"y": np.array([-64.0, 63.5], np.float32)}, PLAN, written={"y"})
    with pytest.raises(UnsoundArtifactError, match="outside"):
        check_output_ranges({"y": np.array([-70.0], np.float32)}, PLAN, written={"y"})


def test_an_output_that_a_float_operator_writes_may_leave_its_scale() -> None:
    """Its scale in the plan is for integer borders only."""
    check_output_ranges({"y": np.array([-70.0], np.float32)}, PLAN, written=set())


def test_outputs_without_a_scale_are_not_judged() -> None:
    """Float and integer outputs have no calibrated range."""
    check_output_ranges({"z": np.array([1e9], np.float32), "y": np.array([1000])}, PLAN, written={"y", "z"})


def test_nan_is_refused_unless_the_reference_has_it_too() -> None:
    """NaN where ONNX Runtime has a number is an error; where both have it, it is the model's."""
    value = np.array([1.0, np.nan], np.float32)
    with pytest.raises(UnsoundArtifactError, match="1 of 2"):
        check_finite({"y": value}, where="f", reference={"y": np.zeros(2, np.float32)})
    check_finite({"y": value}, where="f", reference={"y": value})
    check_finite({"y": np.array([3])}, where="f")
