"""The sign of activations' integers: kept where every zero point is zero, else moved."""

import numpy as np

from mobilekit.convert.qdq.storage import Storage, stored_by
from mobilekit.quantisation import QuantisationPlan, Scale


def plan(*zero_points, int16=False):
    values = {str(i): Scale(scale=1.0, zero_point=z) for i, z in enumerate(zero_points)}
    return QuantisationPlan(
        graph_digest="",
        values=values,
        operators={},
        values_int16={"v": Scale(scale=1.0, zero_point=0)} if int16 else {},
    )


def test_integers_move_without_losing_any():
    """-128…127 are 0…255, -32768…32767 are 0…65535."""
    moved = Storage(signed=False)
    for dtype, unsigned in ((np.int8, np.uint8), (np.int16, np.uint16)):
        limits = np.iinfo(dtype)
        found = moved.of(np.array([limits.min, -1, 0, limits.max], dtype))
        half = -int(limits.min)
        assert found.tolist() == [0, half - 1, half, 2 * half - 1]
        assert found.dtype == unsigned
    assert Storage(signed=True).of(np.array([-5], np.int8)).tolist() == [-5]


def test_only_a_plan_of_zeros_keeps_the_sign():
    """One zero point elsewhere, an int16 operator or no plan move it."""
    assert stored_by(plan(0, 0)).signed
    assert not stored_by(plan(0, -128)).signed
    assert not stored_by(plan(0, int16=True)).signed
    assert not stored_by(None).signed
