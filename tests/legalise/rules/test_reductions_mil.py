"""Reductions of movements are reductions of what was moved; of part of an axis they are not."""

import numpy as np
import pytest

from tests.legalise.mil import check_mil
from tests.legalise.support import noise, text_graph


def _found(body, result, **constants):
    text = f"g (float[1,4,6,5] x) => (float{result} y) {{ {body} }}"
    return check_mil(text_graph(text, constants), {"x": noise(1, 4, 6, 5)})


def test_pool_over_channels():
    """Copies of a map joined, its channels moved last and pooled as if they were an image: one maximum."""
    found = _found(
        "c = Concat<axis=1> (x, x) r = Reshape (c, s) t = Transpose<perm=[0,3,1,2]> (r)"
        " p = MaxPool<kernel_shape=[2,4]> (t) y = Reshape (p, z)",
        "[1,1,6,5]", s=np.array([1, 2, 4, 30]), z=np.array([1, 1, 6, 5]),
    )  # fmt: skip
    assert found == {"reduce_max": 1}


@pytest.mark.parametrize("op", ["ReduceMean", "ReduceMax", "ReduceSum", "ReduceL2"])
@pytest.mark.parametrize(("keep", "result"), [(1, "[1,6,5,1]"), (0, "[1,6,5]")])
def test_along_transposed_channels(op, keep, result):
    """The axis is reduced where it lies; what is left has nothing to move."""
    found = _found(
        f"t = Transpose<perm=[0,2,3,1]> (x) y = {op}<keepdims={keep}> (t, a)", result, a=np.array([-1])
    )
    assert found["transpose"] == 0


def test_what_is_left_is_transposed():
    """Two axes change places after the reduction, when they are smaller."""
    found = _found(
        "t = Transpose<perm=[0,3,2,1]> (x) y = ReduceMin<keepdims=0> (t, a)", "[1,5,4]", a=np.array([2])
    )
    assert found == {"reduce_min": 1, "transpose": 1}


def test_transpose_that_is_needed_anyway():
    """A mean of rows and the rows: one Transpose, not two of which one is smaller."""
    found = _found(
        "t = Transpose<perm=[0,3,2,1]> (x) m = ReduceMean (t, a) y = Div (t, m)", "[1,5,6,4]", a=np.array([2])
    )
    assert found["transpose"] == 1


def test_part_of_an_axis():
    """Half of the channels is not an axis of the map: the Reshape stays before."""
    found = _found(
        "r = Reshape (x, s) y = ReduceMax<keepdims=0> (r, a)", "[1,2,30]", s=np.array([1, 2, 2, 30]),
        a=np.array([1]),
    )  # fmt: skip
    assert found == {"reshape": 1, "reduce_max": 1}


@pytest.mark.parametrize(
    ("op", "axis", "joined"), [("ReduceMax", 1, 0), ("ReduceSum", 1, 1), ("ReduceMax", 2, 1)]
)
def test_of_equals(op, axis, joined):
    """Copies count in a sum, and where another axis is reduced."""
    result = "[1,1,6,5]" if axis == 1 else "[1,8,1,5]"
    found = _found(f"c = Concat<axis=1> (x, x) y = {op} (c, a)", result, a=np.array([axis]))
    assert found["concat"] == joined
