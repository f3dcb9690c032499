"""What an op function asks of its call, and what it must not leave out."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.runtimes.mil_reference.call import Call
from tests.runtimes.mil_reference.support import HALF, operation


def call(**values):
    return Call(operation("pad", {}, {"y": HALF}), values, 16, lambda _index, _values: ())


def test_parameters_by_their_kind():
    """Parameters come as what the function asks for."""
    asked = call(
        k=np.array(3, np.int32), e=np.array([0.5], np.float32), m="same", a=np.array([1, 2]), one=np.ones(2)
    )
    assert asked.integer("k") == 3
    assert asked.number("e") == 0.5
    assert asked.text("m") == "same"
    assert asked.integers("a") == (1, 2)
    assert asked.integers("absent") is None
    assert asked.flag("absent") is False
    assert len(asked.many("one")) == 1
    assert asked.unread == []
    assert asked.output_dtype == "fp16"


def test_a_missing_parameter_is_refused():
    """A missing parameter is refused naming op and opset."""
    with pytest.raises(UnsupportedOperatorError, match=r"pad → y \(opset iOS16\): parameter k is missing"):
        call().integer("k")


def test_what_was_not_asked_for_is_known():
    """What was not asked for is known, until it is said to mean nothing."""
    asked = call(x=1, y=2)
    _ = asked["x"]
    assert asked.unread == ["y"]
    asked.ignore("y")
    assert asked.unread == []
