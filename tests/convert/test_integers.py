"""Constants as integers: what every format that is written by a plan has in common."""

import numpy as np
import pytest

from mobilekit.convert.integers import Ends, bias_integers, operand_int8, operand_int16, weight_integers
from mobilekit.quantisation import Scale

ENDS = Ends(source=0.5, result=0.25)


def real(made, axis=None):
    """The numbers that integers stand for."""
    scales, zeros = np.float64(made.scales), np.array(made.zero_points)
    if axis is not None:
        shape = [-1 if i == axis else 1 for i in range(made.array.ndim)]
        scales, zeros = scales.reshape(shape), zeros.reshape(shape)
    return scales * (made.array.astype(np.int64) - zeros)


def test_weights_are_symmetric_per_channel():
    """The largest magnitude of a channel is 127 of its steps; no number is off by more than half of one."""
    array = np.random.default_rng(0).normal(size=(4, 3, 2)).astype(np.float32)
    made = weight_integers(array, axis=1, ends=ENDS)
    assert (len(made.scales), set(made.zero_points), made.axis) == (3, {0}, 1)
    assert np.abs(made.array).max(axis=(0, 2)).tolist() == [127] * 3
    assert (np.abs(real(made, 1) - array) <= 0.501 * np.float32(made.scales).reshape(1, 3, 1)).all()


def test_a_channel_of_zeros_takes_a_scale_that_serves():
    """Of the others, or where all are zeros the one that makes the kernel's factor one."""
    array = np.zeros((2, 3), np.float32)
    assert weight_integers(array, axis=0, ends=ENDS).scales == (0.5, 0.5)
    array[1] = 1.0
    assert len(set(weight_integers(array, axis=0, ends=ENDS).scales)) == 1


def test_a_large_bias_widens_the_scale_of_its_weights():
    """Its step is input × weights: it would saturate otherwise."""
    array = np.full((1, 2), 1e-8, np.float32)
    bias = np.array([3.0], np.float32)
    weights = weight_integers(array, axis=0, ends=Ends(source=1e-3, result=1.0), bias=bias)
    made = bias_integers(bias, source=1e-3, weight_scales=weights.scales, dtype=np.int32)
    assert real(made) == pytest.approx([3.0], rel=1e-6)
    alone = weight_integers(array, axis=0, ends=Ends(source=1e-3, result=1e-3))
    assert alone.scales < weights.scales


def test_operands_have_their_own_range_or_a_shared_scale():
    """Zero is exact; numbers beyond a shared scale saturate, the lowest float too."""
    array = np.array([-1.0, 0.0, 3.0], np.float32)
    own = operand_int8(array, result=1.0)
    assert real(own) == pytest.approx(array, abs=4 / 255)
    assert own.zero_points[0] in own.array
    shared = operand_int8(np.array([-3.4e38, 1.0]), result=1.0, shared=Scale(scale=0.5, zero_point=3))
    assert shared.array.tolist() == [-128, 5]
    zeros = operand_int8(np.zeros(2, np.float32), result=0.75)
    assert zeros.scales == (0.75,)
    assert operand_int8(np.zeros(2, np.float32), result=0.75, least=0.125).scales == (0.125,)


def test_operands_of_int16_are_symmetric():
    """The largest magnitude is 32767 steps, or a shared scale says how many."""
    made = operand_int16(np.array([-2.0, 1.0]), result=1.0)
    assert (made.array.tolist(), made.zero_points) == ([-32767, 16384], (0,))
    shared = operand_int16(np.array([-2.0, 1.0]), result=0.5, shared=Scale(scale=0.5, zero_point=0))
    assert shared.array.tolist() == [-4, 2]


def test_factors_are_not_too_small_for_npus():
    """Weights of a dead channel take the least scale that the kernels compute rightly: a larger one at int16."""
    array = np.array([[1.0], [1e-12]], np.float32)
    for int16, least in ((False, 2.0**-30), (True, 2.0**-23)):
        made = weight_integers(array, axis=0, ends=Ends(source=0.5, result=0.25, int16=int16))
        assert made.scales[1] * 0.5 / 0.25 == pytest.approx(least)
        assert made.scales[0] == pytest.approx(1 / 127)
