"""States outlive a run."""

import numpy as np

from mobilekit.runtimes.mil_reference.evaluator import evaluate
from mobilekit.runtimes.mil_reference.types import StateType, TensorType
from tests.runtimes.mil_reference.support import Name, operation, program

HALVES = TensorType(dtype="fp16", shape=(2,))


def test_a_counter():
    """Read, add one, write: each run goes on where the last one ended; another set of states starts from zero."""
    operations = [
        operation("read_state", {"input": Name("s")}, {"old": HALVES}),
        operation("add", {"x": Name("old"), "y": np.float16(1)}, {"new": HALVES}),
        operation("coreml_update_state", {"state": Name("s"), "value": Name("new")}, {"copy": HALVES}),
        operation("read_state", {"input": Name("s")}, {"y": HALVES}),
    ]
    whole = program(operations, ["old", "copy", "y"], inputs={"s": StateType(wrapped=HALVES)}, opset=18)
    states = {}
    for run in range(2):
        found = evaluate(whole, {}, states=states)
        np.testing.assert_array_equal(found["old"], [run, run])
        np.testing.assert_array_equal(found["copy"], [run + 1, run + 1])
        np.testing.assert_array_equal(found["y"], [run + 1, run + 1])
    np.testing.assert_array_equal(evaluate(whole, {}, states={})["y"], [1, 1])


def test_write_state():
    """It has no result."""
    operations = [
        operation("write_state", {"input": Name("s"), "data": np.asarray([1, 2], np.float16)}, {}),
        operation("read_state", {"input": Name("s")}, {"y": HALVES}),
    ]
    whole = program(operations, ["y"], inputs={"s": StateType(wrapped=HALVES)}, opset=18)
    np.testing.assert_array_equal(evaluate(whole, {})["y"], [1, 2])
