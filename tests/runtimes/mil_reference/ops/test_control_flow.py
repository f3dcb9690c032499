"""Loops and choices."""

import numpy as np

from mobilekit.runtimes.mil_reference.evaluator import evaluate
from mobilekit.runtimes.mil_reference.program import Block
from tests.runtimes.mil_reference.support import BOOL, INT, Name, evaluated, operation, program


def test_select_broadcasts():
    """Select takes a where the condition holds, broadcast."""
    cond = np.array([[True], [False]])
    np.testing.assert_array_equal(evaluated("select", cond=cond, a=[1.0, 2.0], b=0.0), [[1, 2], [0, 0]])


def counting():
    """While i < n: i, s = i + 1, s + i."""
    variables = (("i", INT), ("s", INT))
    test = operation("less", {"x": Name("i"), "y": Name("n")}, {"go": BOOL})
    more = operation("add", {"x": Name("i"), "y": np.int32(1)}, {"i1": INT})
    total = operation("add", {"x": Name("s"), "y": Name("i")}, {"s1": INT})
    cond = Block(inputs=variables, operations=(test,), outputs=("go",))
    body = Block(inputs=variables, operations=(more, total), outputs=("i1", "s1"))
    start = (np.array(0, np.int32), np.array(0, np.int32))
    loop = operation("while_loop", {"loop_vars": start}, {"last": INT, "sum": INT}, blocks=(cond, body))
    return program([loop], ["last", "sum"], inputs={"n": INT})


def test_a_loop_runs_while_its_condition_holds():
    """A loop runs while its condition holds, perhaps never."""
    assert [int(v) for v in evaluate(counting(), {"n": np.array(5, np.int32)}).values()] == [5, 10]
    assert [int(v) for v in evaluate(counting(), {"n": np.array(0, np.int32)}).values()] == [0, 0]
