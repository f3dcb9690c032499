"""Axes before and after a Reshape: groups of them, and the orders that it keeps."""

from math import prod

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mobilekit.legalise.rules.regroup_mil import Group, groups_of, is_only_shape, order_before
from tests.legalise.support import more


def test_groups():
    """One axis made of two, two made of one, and axes of one cell in none."""
    found = groups_of((1, 4, 80, 80), (1, 2, 2, 6400))
    assert found == (Group(before=(1,), after=(1, 2)), Group(before=(2, 3), after=(3,)))
    assert groups_of((6, 4), (4, 6)) == (Group(before=(0, 1), after=(0, 1)),)


def test_only_shape():
    """Axes of one cell move freely, others do not."""
    assert is_only_shape((1, 5, 1, 7), (1, 0, 3, 2))
    assert not is_only_shape((1, 5, 1, 7), (3, 1, 0, 2))


def test_order_kept_by_a_reshape():
    """Heads of attention move as one axis of channels; they do not leave it apart."""
    assert order_before((1, 4096, 64), (1, 4096, 4, 16), (0, 2, 3, 1)) == (0, 2, 1)
    assert order_before((1, 4096, 64), (1, 4096, 4, 16), (0, 2, 1, 3)) is None
    assert order_before((65536, 16), (1, 256, 256, 16), (0, 3, 1, 2)) == (1, 0)


@given(
    sizes=st.lists(st.integers(1, 4), min_size=2, max_size=5),
    cut=st.integers(1, 4),
    seed=st.integers(0, 999),
)
@more
def test_order_is_the_same_movement(sizes, cut, seed):
    """Where an order is found, permuting before the Reshape and after it are one movement."""
    rng = np.random.default_rng(seed)
    after = (*sizes[:cut], prod(sizes[cut:])) if seed % 2 else tuple(sizes)
    before = tuple(sizes) if seed % 2 else (*sizes[:cut], prod(sizes[cut:]))
    perm = tuple(int(axis) for axis in rng.permutation(len(after)))
    order = order_before(before, after, perm)
    if order is None:
        return
    assert sorted(order) == list(range(len(before)))
    x = np.arange(prod(before)).reshape(before)
    wanted = x.reshape(after).transpose(perm)
    np.testing.assert_array_equal(x.transpose(order).reshape(wanted.shape), wanted)
