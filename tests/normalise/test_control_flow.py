"""An If whose condition is known is the branch that it takes; others are refused."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from tests.normalise.support import constants_of, model, normalised, ops

IF = """y = If (k) < then_branch = t () => (float[1,4,6,6] r) { a = Abs (x) r = Mul (a, w) },
    else_branch = e () => (float[1,4,6,6] r) { a = Exp (x) r = Add (a, w) } >"""


@pytest.mark.parametrize(("known", "left"), [(True, ["Abs", "Mul"]), (False, ["Exp", "Add"])])
def test_the_branch_taken(known, left):
    """Its nodes read what is around it, whatever names both branches have."""
    body = f"b = Neg (x) {IF.replace('y = If', 'z = If')} y = Sub (z, b)"
    values = {"k": np.array(known), "w": np.full((1, 1, 1, 1), 3, np.float32)}
    result = normalised(model(body), **values)
    assert sorted(ops(result)) == sorted(["Neg", *left, "Sub"])
    assert "k" not in constants_of(result)


def test_a_condition_of_run_time():
    """Which branch it is depends on data."""
    body = "s = ReduceSum <keepdims = 0> (x) k = Cast <to = 9> (s) " + IF
    with pytest.raises(UnsupportedOperatorError, match="depends on data: If, node y"):
        normalised(model(body), w=np.ones((1, 1, 1, 1), np.float32))
