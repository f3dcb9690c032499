"""What is computed twice is computed once; what only looks alike is not."""

import numpy as np
import pytest

from tests.legalise.mil import check_mil
from tests.legalise.support import noise, text_graph


def _found(body, outputs="float[1,4,3,3] y", **constants):
    text = f"g (float[1,4,3,3] x) => ({outputs}) {{ {body} }}"
    return check_mil(text_graph(text, constants), {"x": noise(1, 4, 3, 3)})


def test_equal_constants_of_two_names():
    """They are compared by value."""
    body = "a = ReduceMean (x, m) b = ReduceMean (x, n) c = Mul (x, a) y = Sub (c, b)"
    axes = np.array([2, 3])
    assert _found(body, m=axes, n=axes.copy()) == {"reduce_mean": 1, "mul": 1, "sub": 1}


@pytest.mark.parametrize(("axes", "keep"), [([1], 1), ([2, 3], 0)])
def test_others(axes, keep):
    """Along other axes, or of another shape."""
    shape = {1: "float[1,1,3,3] b", 0: "float[1,4] b"}[keep]
    body = f"a = ReduceMean (x, m) b = ReduceMean<keepdims={keep}> (x, n) y = Mul (x, a)"
    found = _found(body, f"float[1,4,3,3] y, {shape}", m=np.array([2, 3]), n=np.array(axes))
    assert found["reduce_mean"] == 2


def test_other_operands():
    """The same operator the other way round."""
    body = "a = Sub (x, s) b = Sub (s, x) y = Mul (a, b)"
    assert _found(body, s=noise(4, 1, 1)) == {"sub": 2, "mul": 1}


def test_output():
    """A value that is an output is computed as such."""
    body = "a = ReduceMean (x, m) b = ReduceMean (x, m) y = Mul (x, a)"
    outputs = "float[1,4,3,3] y, float[1,4,1,1] a, float[1,4,1,1] b"
    found = _found(body, outputs, m=np.array([2, 3]))
    assert found["mul"] == 1
