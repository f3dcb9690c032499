"""What depends on shapes alone is a constant."""

import numpy as np
import pytest

from tests.legalise.support import check_file, check_node_file, text_graph


@pytest.mark.parametrize("k", [-2, 0, 1])
@pytest.mark.parametrize("dtype", [None, 1, 7, 9])
def test_eye_like(k, dtype):
    """The element type may be that of the input or another; the diagonal any."""
    options = {"k": k} if dtype is None else {"k": k, "dtype": dtype}
    assert check_node_file("EyeLike", [np.zeros((3, 4), np.int32)], **options) == ["Reshape"]


@pytest.mark.parametrize("shape", [(2, 3, 4), (1,), (5,)])
def test_constant_of_shape(shape):
    """One number is stored and repeated."""
    text = (
        "g (float[4] x) => (float y, float z) { z = Abs(x) y = ConstantOfShape<value = float[1] {2.5}>(s) }"
    )
    check_file(text_graph(text, {"s": np.array(shape)}), {"x": np.zeros(4, np.float32)})


def test_range():
    """Negative steps, floats and integers."""
    text = (
        "g (float[4] x) => (float y, int64 i, float z) { z = Abs(x) y = Range(a, b, c) i = Range(d, e, f) }"
    )
    floats = dict(zip("abc", np.float32([3.5, -1, -0.5]), strict=True))
    whole = dict(zip("def", np.int64([2, 11, 4]), strict=True))
    check_file(text_graph(text, {**floats, **whole}), {"x": np.zeros(4, np.float32)})
