"""Lists grow, are read, gathered and measured."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.runtimes.mil_reference.evaluator import evaluate
from mobilekit.runtimes.mil_reference.types import ListType, TensorType
from tests.runtimes.mil_reference.support import INT, Name, operation, program

PAIR = TensorType(dtype="fp32", shape=(2,))
LIST = ListType(element=PAIR, length=None)


def steps(index):
    """A list of two, written at 3 and scattered to 1 and 0, then read at ``index``."""
    rows = np.array([[1, 2], [3, 4]], np.float32)
    return program(
        [
            operation("make_list", {"init_length": np.int32(2), "elem_shape": (np.int32(2),)}, {"a": LIST}),
            operation(
                "list_write", {"ls": Name("a"), "index": np.int32(3), "value": rows[0] * 9}, {"b": LIST}
            ),
            operation(
                "list_scatter", {"ls": Name("b"), "indices": np.array([1, 0]), "value": rows}, {"c": LIST}
            ),
            operation("list_length", {"ls": Name("c")}, {"n": INT}),
            operation("list_read", {"ls": Name("c"), "index": np.int32(index)}, {"y": PAIR}),
            operation(
                "list_gather",
                {"ls": Name("c"), "indices": np.array([0, 2])},
                {"g": TensorType(dtype="fp32", shape=(2, 2))},
            ),
        ],
        ["n", "y", "g"],
    )


def test_a_list_grows_and_is_read():
    """A list grows where it is written; what was never written is zeros."""
    found = evaluate(steps(3), {})
    assert found["n"] == 4
    np.testing.assert_array_equal(found["y"], [9, 18])
    np.testing.assert_array_equal(found["g"], [[3, 4], [0, 0]])


def test_beyond_the_list_is_refused():
    """Reading beyond the list is refused."""
    with pytest.raises(UnsupportedOperatorError, match="element 4 of a list of 4"):
        evaluate(steps(4), {})
