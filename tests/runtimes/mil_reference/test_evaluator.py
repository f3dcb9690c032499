"""Programs are evaluated as declared: rounding, taps, blocks, refusals."""

import numpy as np
import pytest

from mobilekit.errors import InputDataError, UnsoundArtifactError, UnsupportedOperatorError
from mobilekit.runtimes.mil_reference import evaluator
from mobilekit.runtimes.mil_reference.evaluator import Evaluator, evaluate
from mobilekit.runtimes.mil_reference.program import Block
from mobilekit.runtimes.mil_reference.types import StateType, TensorType
from tests.runtimes.mil_reference.support import BOOL, FLOAT, HALF, Name, operation, program

THIRD = np.float32(1) / 3


def two_steps(kind=HALF):
    """First y = x + 1/3, z = y · y."""
    first = operation("add", {"x": Name("x"), "y": np.float32(THIRD)}, {"y": kind})
    second = operation("mul", {"x": Name("y"), "y": Name("y")}, {"z": kind})
    return program([first, second], ["z"], inputs={"x": kind})


def test_what_is_declared_half_is_rounded_once_per_op():
    """What is declared fp16 is rounded once per op, from fp16 operands, in every precision as it should be."""
    x = np.array([1.0, 2.0], np.float32)
    y = np.float32(np.float16(x + THIRD))
    stored = evaluate(two_steps(), {"x": x})["z"]
    assert stored.dtype == np.float16
    np.testing.assert_array_equal(stored, (y * y).astype(np.float16))
    exact = evaluate(two_steps(FLOAT), {"x": x})["z"]
    np.testing.assert_array_equal(exact, (x + THIRD) ** 2)
    rounded = evaluate(two_steps(FLOAT), {"x": x}, precision="float16")["z"]
    third = np.float32(np.float16(THIRD))
    y = np.float32(np.float16(x + third))
    np.testing.assert_array_equal(rounded, np.float32(np.float16(y * y)))


def test_nothing_is_rounded_in_float32():
    """Nothing is rounded in float32, although the program says fp16; only the answer is of its type."""
    x = np.array([1.0, 2.0], np.float32)
    whole = evaluate(two_steps(), {"x": x}, precision="float32")["z"]
    np.testing.assert_array_equal(whole, ((x + THIRD) ** 2).astype(np.float16))


def test_taps_come_in_their_declared_types():
    """Taps come beside the outputs, in their declared types; an unknown name is an error."""
    found = evaluate(two_steps(), {"x": np.zeros(1, np.float32)}, taps=["y", "x"])
    assert {name: value.dtype for name, value in found.items()} == dict.fromkeys("zyx", np.dtype(np.float16))
    with pytest.raises(InputDataError, match="no values nothing"):
        evaluate(two_steps(), {"x": np.zeros(1, np.float32)}, taps=["nothing"])


def test_memory_goes_with_the_last_reader(monkeypatch):
    """A value without further readers is gone before the next op runs, a tapped one is not."""
    seen = []
    called = evaluator._called
    chain = [
        operation("relu", {"x": Name(a)}, {b: FLOAT})
        for a, b in (("x", "a"), ("a", "b"), ("b", "c"), ("c", "d"))
    ]
    held = Evaluator(program(chain, ["d"], inputs={"x": FLOAT}))
    step = held._run_step

    def watched(step_, environment, *rest):
        seen.append(sorted(environment))
        step(step_, environment, *rest)

    monkeypatch.setattr(held, "_run_step", watched)
    held.run({"x": np.zeros(2, np.float32)})
    assert seen == [["x"], ["a", "x"], ["b", "x"], ["c", "x"]]
    seen.clear()
    held.run({"x": np.zeros(2, np.float32)}, taps=["a"])
    assert seen[-1] == ["a", "c", "x"]
    assert called is evaluator._called


def test_an_unknown_op_is_refused_before_anything_runs():
    """Unknown ops are refused, all of them, before anything runs."""
    wrong = [operation(kind, {}, {kind: FLOAT}) for kind in ("relu", "telepathy", "foresight")]
    with pytest.raises(UnsupportedOperatorError, match="no op foresight, telepathy of opset iOS17") as caught:
        Evaluator(program(wrong, ["relu"]))
    assert len(caught.value.refusals) == 2


def test_an_unknown_parameter_is_refused():
    """A parameter that the op's function never asks for is refused, not dropped."""
    wrong = operation("relu", {"x": np.zeros(1, np.float32), "slope": np.float32(1)}, {"y": FLOAT})
    with pytest.raises(UnsupportedOperatorError, match=r"relu → y \(opset iOS17\): parameters slope"):
        evaluate(program([wrong], ["y"]), {})


def test_a_result_of_another_type_is_an_error():
    """A result that is not what the program declares is an error; so is an op that fails."""
    zeros = np.zeros(2, np.float32)
    wrong = operation("relu", {"x": zeros}, {"y": TensorType(dtype="fp32", shape=(3,))})
    with pytest.raises(UnsoundArtifactError, match=r"got float32 \[2\], the program declares fp32 \[3\]"):
        evaluate(program([wrong], ["y"]), {})
    failing = operation("add", {"x": zeros, "y": np.zeros(3, np.float32)}, {"y": FLOAT})
    with pytest.raises(UnsoundArtifactError, match="add → y: cannot be evaluated"):
        evaluate(program([failing], ["y"]), {})


def test_feeds_are_checked():
    """Missing, further, misshapen and mistyped inputs are errors."""
    whole = program([], ["x"], inputs={"x": TensorType(dtype="fp32", shape=(2,))})
    for feed, words in (
        ({}, "'x' is missing"),
        ({"x": np.zeros(2, np.float32), "y": np.zeros(2)}, "no inputs y"),
        ({"x": np.zeros(3, np.float32)}, r"got float32 \[3\], expected fp32 \[2\]"),
        ({"x": np.zeros(2, np.int32)}, r"got int32 \[2\]"),
    ):
        with pytest.raises(InputDataError, match=words):
            evaluate(whole, feed)
    with pytest.raises(InputDataError, match="no function 'other', only main"):
        evaluate(whole, {}, function="other")


def branches():
    """The output is relu(x) if p else x + x."""
    first = Block(inputs=(), operations=(operation("relu", {"x": Name("x")}, {"r": FLOAT}),), outputs=("r",))
    double = operation("add", {"x": Name("x"), "y": Name("x")}, {"d": FLOAT})
    second = Block(inputs=(), operations=(double,), outputs=("d",))
    cond = operation("cond", {"pred": Name("p")}, {"c": FLOAT}, blocks=(first, second))
    return program([cond], ["c"], inputs={"x": FLOAT, "p": BOOL})


def test_one_branch_runs_and_can_be_tapped():
    """One branch runs and can be tapped; a tap in the other says why it is not there."""
    x = np.array([-1.0, 1.0], np.float32)
    found = evaluate(branches(), {"x": x, "p": np.array(True)}, taps=["r"])
    np.testing.assert_array_equal(found["c"], [0, 1])
    np.testing.assert_array_equal(found["r"], [0, 1])
    np.testing.assert_array_equal(evaluate(branches(), {"x": x, "p": np.array(False)})["c"], [-2, 2])
    with pytest.raises(InputDataError, match="d: not computed"):
        evaluate(branches(), {"x": x, "p": np.array(True)}, taps=["d"])


def test_states_belong_to_the_caller():
    """A state is zeros at first, and stays with the caller between runs."""
    kind = TensorType(dtype="fp16", shape=(1,))
    steps = [
        operation("read_state", {"input": Name("s")}, {"a": kind}),
        operation("add", {"x": Name("a"), "y": np.ones(1, np.float32)}, {"b": kind}),
        operation("write_state", {"input": Name("s"), "data": Name("b")}, {}),
    ]
    whole = program(steps, ["b"], inputs={"s": StateType(wrapped=kind)}, opset=18)
    states = {}
    assert [evaluate(whole, {}, states=states)["b"][0] for _ in range(3)] == [1, 2, 3]
    assert states["s"].dtype == np.float16
    assert evaluate(whole, {})["b"][0] == 1
