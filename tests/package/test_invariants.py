"""What must hold of a published file: each check refuses what breaks it and lets the rest pass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pytest

from mobilekit.errors import UnsoundArtifactError
from mobilekit.package.invariants import (
    Representable,
    check_activations,
    check_finite,
    check_operators,
    check_output_ranges,
    check_softmax,
    planned_convolutions,
    softmax_outputs,
    written_by_integers,
)
from mobilekit.package.tflite_facts import FileFacts
from mobilekit.quantisation import OperatorPlan, OperatorPrecision, QuantisationPlan, Scale
from mobilekit.source.graph import graph_from_proto
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


@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize(
    ("name", "others", "place"),
    [("CONV_2D", ["int8", "int32"], 0), ("TRANSPOSE_CONV", ["int32", "int8", "int32"], 2)],
)
def test_integer_file_has_integer_activations(name: str, others: list[str], place: int, dtype: str) -> None:
    """The data operand counts, which a transposed convolution has in third place; weights do not."""

    def of(data: str) -> FileFacts:
        return facts(name, (*others[:place], data, *others[place:]))

    check_activations(of(dtype), {dtype: 1})
    for other in {"float32", "int8", "int16"} - {dtype}:
        with pytest.raises(
            UnsoundArtifactError, match=f"0 of 1 convolutions have {dtype} activations, 1 pla"
        ):
            check_activations(of(other), {dtype: 1})


def test_planned_convolutions_are_counted() -> None:
    """Only convolutions, by the width of their activations."""
    assert planned_convolutions(NODES, PLAN) == {"int8": 1, "int16": 0}
    wide = replace(PLAN, operators={**PLAN.operators, "b": OperatorPlan(precision="int16")})
    assert planned_convolutions(NODES, wide) == {"int8": 1, "int16": 1}


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


LIMITS = {"y": Representable(minimum=-64.0, maximum=63.5, step=0.5)}


def test_outputs_lie_within_their_scale() -> None:
    """A value that the integer tensor cannot say means that something else was computed."""
    check_output_ranges({"y": np.array([-64.0, 63.5], np.float32)}, written=LIMITS)
    with pytest.raises(UnsoundArtifactError, match="outside"):
        check_output_ranges({"y": np.array([-70.0], np.float32)}, written=LIMITS)


def test_an_output_that_a_float_operator_writes_may_leave_its_scale() -> None:
    """Its scale in the plan is for integer borders only."""
    check_output_ranges({"y": np.array([-70.0], np.float32)}, written={})


def test_outputs_without_a_scale_are_not_judged() -> None:
    """Float and integer outputs have no calibrated range."""
    check_output_ranges({"z": np.array([1e9], np.float32), "y": np.array([1000])}, written=LIMITS)


@pytest.mark.parametrize(
    ("precision", "limits"),
    [("int8", (-64.0, 63.5)), ("int16", (-32768.0, 32767.0)), ("float", None), ("int8-weights", None)],
)
def test_limits_are_those_of_the_operator_that_writes(
    precision: OperatorPrecision, limits: tuple[float, float] | None
) -> None:
    """An int8 and an int16 operator differ in what their result can say; a float one says anything."""
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["": 17]> g (float[1,3,4,4] x) => (float[1,3,4,4] y) { y = Relu (x) }'
    )
    plan = replace(
        PLAN,
        operators={"y": OperatorPlan(precision=precision)},
        values_int16={"y": Scale(scale=1.0, zero_point=0)},
    )
    found = written_by_integers(graph_from_proto(model, stage="legalised"), plan)
    assert {name: (each.minimum, each.maximum) for name, each in found.items()} == (
        {"y": limits} if limits else {}
    )


def test_nan_is_refused_unless_the_reference_has_it_too() -> None:
    """NaN where ONNX Runtime has a number is an error; where both have it, it is the model's."""
    value = np.array([1.0, np.nan], np.float32)
    with pytest.raises(UnsoundArtifactError, match="1 of 2"):
        check_finite({"y": value}, where="f", reference={"y": np.zeros(2, np.float32)})
    check_finite({"y": value}, where="f", reference={"y": value})
    check_finite({"y": np.array([3])}, where="f")
