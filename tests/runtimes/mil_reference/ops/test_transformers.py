"""Attention, by hand."""

import numpy as np

from tests.runtimes.mil_reference.support import evaluated


def attention(mask=None, key=((0, 0, 0, 0), (2, 0, 0, 0))):
    query = np.asarray([[[np.log(3), 0, 0, 0]]], np.float32)
    value = np.asarray([[[0.0], [4.0]]], np.float32)
    extra = {} if mask is None else {"attn_mask": mask}
    common = {"query": query, "key": np.asarray([key], np.float32), "value": value}
    return evaluated("scaled_dot_product_attention", opset=18, **common, **extra).item()


def test_attention():
    """Scores 0 and 2 ln 3 / √4: weights 1/4 and 3/4."""
    np.testing.assert_allclose(attention(), 3, rtol=1e-6)


def test_masks():
    """A boolean says who takes part, a number is added."""
    assert attention(np.asarray([[[True, False]]])) == 0
    assert attention(np.asarray([[[False, True]]])) == 4
    np.testing.assert_allclose(attention(np.asarray([[[np.log(3), 0]]], np.float32)), 2, rtol=1e-6)
    assert np.isnan(attention(np.asarray([[[False, False]]])))


def test_large_scores():
    """They do not overflow."""
    assert attention(key=((0, 0, 0, 0), (1e4, 0, 0, 0))) == 4
