"""Shapes and orders, by Apple's examples and by each other's inverses."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from tests.runtimes.mil_reference.support import evaluated

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
MAP = np.arange(64, dtype=np.float32).reshape(1, 4, 4, 4)


def test_axes_of_size_one():
    """Axes of size 1 come and go; squeezing others does nothing."""
    assert evaluated("expand_dims", x=X, axes=[0, -1]).shape == (1, 2, 3, 4, 1)
    one = X[None, ..., None]
    assert evaluated("squeeze", x=one).shape == (2, 3, 4)
    assert evaluated("squeeze", x=one, axes=[0, 1]).shape == (2, 3, 4, 1)


@pytest.mark.parametrize(
    ("opset", "shape", "expected"),
    [
        (15, [4, -1], (4, 6)),
        (15, [0, 4, -1], (2, 4, 3)),
        (17, [0, -1, 2], (2, 6, 2)),
        (17, [1, 0, -1, 0, 0], (1, 1, 2, 3, 4)),
    ],
)
def test_reshape(opset, shape, expected):
    """Reshape takes -1 and 0; from iOS17 on zeros count from the right."""
    found = evaluated("reshape", x=X, shape=shape, opset=opset)
    np.testing.assert_array_equal(found, X.reshape(expected))


def test_reshape_of_another_rank_with_zeros_is_refused():
    """Before iOS17 a 0 needs an axis of the same place."""
    with pytest.raises(UnsupportedOperatorError, match=r"0 in shape \[0, 12\] for rank 3"):
        evaluated("reshape", x=X, shape=[0, 12], opset=16)


def test_reshape_like():
    """The documentation's example: (2, 3) of one, (5, 6) of another."""
    x, first, second = (np.zeros(s, np.float32) for s in ((180,), (2, 3, 4), (1, 5, 6)))
    begins, ends = (np.int32(0), np.int32(1)), (np.int32(2), np.int32(0))
    masks = (np.array(False), np.array(True))
    found = evaluated(
        "reshape_like", x=x, ref_tensors=(first, second), begins=begins, ends=ends, end_masks=masks
    )
    assert found.shape == (2, 3, 5, 6)


def test_orders():
    """Transpose, reverse along some axes or all, and per sequence."""
    np.testing.assert_array_equal(evaluated("transpose", x=X, perm=[2, -3, 1]), X.transpose(2, 0, 1))
    np.testing.assert_array_equal(evaluated("reverse", x=X), X[::-1, ::-1, ::-1])
    np.testing.assert_array_equal(evaluated("reverse", x=X, axes=[-1]), X[..., ::-1])
    found = evaluated("reverse_sequence", x=X, lengths=[1, 3], seq_axis=1, batch_axis=0)
    np.testing.assert_array_equal(found, np.stack([X[0], X[1, ::-1]]))


def test_blocks_of_depth():
    """Of depth_to_space a channel is (place in block, c), of pixel_shuffle (c, place in block)."""
    deep = evaluated("depth_to_space", x=MAP, block_size=2)
    np.testing.assert_array_equal(deep[0, 0, :2, :2], [[0, 16], [32, 48]])
    np.testing.assert_array_equal(evaluated("space_to_depth", x=deep, block_size=2), MAP)
    eight = np.arange(8, dtype=np.float32).reshape(1, 8, 1, 1)
    np.testing.assert_array_equal(evaluated("depth_to_space", x=eight, block_size=2)[0, 1], [[1, 3], [5, 7]])
    np.testing.assert_array_equal(
        evaluated("pixel_shuffle", x=eight, upscale_factor=2)[0, 1], [[4, 5], [6, 7]]
    )
    shuffled = evaluated("pixel_shuffle", x=eight, upscale_factor=2)
    np.testing.assert_array_equal(evaluated("pixel_unshuffle", x=shuffled, downscale_factor=2), eight)


def test_blocks_of_batches():
    """Space to batch pads and cuts; batch to space takes it back."""
    paddings = np.array([[0, 0], [1, 1]], np.int32)
    batches = evaluated("space_to_batch", x=MAP, block_shape=[2, 3], paddings=paddings)
    assert batches.shape == (6, 4, 2, 2)
    np.testing.assert_array_equal(batches[1, 0], [[0, 3], [8, 11]])
    np.testing.assert_array_equal(
        evaluated("batch_to_space", x=batches, block_shape=[2, 3], crops=paddings), MAP
    )


def test_sliding_windows():
    """Windows are a new axis after theirs."""
    found = evaluated("sliding_windows", x=X, axis=-1, size=2, stride=2)
    assert found.shape == (2, 3, 2, 2)
    np.testing.assert_array_equal(found[0, 0], [[0, 1], [2, 3]])
    middle = evaluated("sliding_windows", x=X, axis=1, size=2)
    np.testing.assert_array_equal(middle[0, 1], X[0, 1:3])
