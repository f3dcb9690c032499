"""Bitwise operators and shifts of every type, in LiteRT."""

import numpy as np
import pytest

from tests.convert.tflite.nodes import edges, litert

TYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
OPERATORS = {"BitwiseAnd": np.bitwise_and, "BitwiseOr": np.bitwise_or, "BitwiseXor": np.bitwise_xor}


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize("runtime", [(0, 1), (0,)])
def test_bits(op, dtype, runtime):
    """Every bit, the sign's too."""
    x = edges(dtype, count=20)
    y = np.random.default_rng(3).permutation(x)
    np.testing.assert_array_equal(litert(op, [x, y], runtime=runtime), OPERATORS[op](x, y))


def test_operands_are_broadcast():
    """Of unequal ranks."""
    x, y = edges("int16")[:24].reshape(2, 3, 4), edges("int16")[5:9]
    np.testing.assert_array_equal(litert("BitwiseAnd", [x, y], runtime=(0, 1)), x & y)


@pytest.mark.parametrize("dtype", TYPES)
def test_not(dtype):
    """The complement."""
    x = edges(dtype)
    np.testing.assert_array_equal(litert("BitwiseNot", [x]), ~x)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64"])
@pytest.mark.parametrize("direction", ["LEFT", "RIGHT"])
@pytest.mark.parametrize("runtime", [(0, 1), (0,)])
def test_shifts(dtype, direction, runtime):
    """By none to all but one of the bits."""
    width = np.iinfo(dtype).bits
    values = edges(dtype)
    x = np.repeat(values[:: max(1, len(values) // 24)], width)
    places = np.resize(np.arange(width, dtype=dtype), x.shape)
    wanted = np.left_shift(x, places) if direction == "LEFT" else np.right_shift(x, places)
    got = litert("BitShift", [x, places], runtime=runtime, direction=direction)
    np.testing.assert_array_equal(got, wanted)
