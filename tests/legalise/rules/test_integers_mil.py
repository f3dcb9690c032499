"""Integers for Core ML: narrow ones wrap, bits are exact, quotients and means are cut towards zero."""

import numpy as np
import pytest

from mobilekit.errors import UnsupportedOperatorError
from tests.legalise.mil import check_node_mil

UNSIGNED = [np.uint8, np.uint16, np.uint32, np.uint64]


def _numbers(dtype, seed=0):
    info = np.iinfo(dtype)
    low, high = max(info.min, -(2**20)), min(info.max, 2**20)
    return np.random.default_rng(seed).integers(low, high, (3, 5)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16])
@pytest.mark.parametrize("op", ["Add", "Sub", "Mul"])
def test_narrow_types_wrap(op, dtype):
    """As ONNX's own evaluator has it where ONNX Runtime has no kernel."""
    check_node_mil(op, [_numbers(dtype), _numbers(dtype, 1)], runtime=(0, 1))


@pytest.mark.parametrize(
    ("op", "dtype"), [("BitwiseAnd", np.int8), ("BitwiseOr", np.int64), ("BitwiseXor", np.uint32)]
)
def test_bits(op, dtype):
    """All bits, those of the sign too."""
    check_node_mil(op, [_numbers(dtype), _numbers(dtype, 1)], runtime=(0, 1))


@pytest.mark.parametrize("dtype", UNSIGNED)
@pytest.mark.parametrize("direction", ["LEFT", "RIGHT"])
def test_shifts(dtype, direction):
    """By places known and computed at run time; bits beyond the type are lost."""
    places = np.array([0, 1, 2, 3, 7]).astype(dtype)
    x = np.broadcast_to(np.array([1, 2, 77, 100, 255], dtype), (2, 5)).copy()
    for runtime in ((0,), (0, 1)):
        check_node_mil("BitShift", [x, places], runtime=runtime, direction=direction)


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint8])
def test_quotients_and_remainders(dtype):
    """Of every pair of signs."""
    x = np.array([7, 8, 9, 0]).astype(dtype)
    y = np.array([2, 3, 9, 4]).astype(dtype)
    signs = [(1, 1)] if dtype == np.uint8 else [(1, 1), (-1, 1), (1, -1), (-1, -1)]
    for one, other in signs:
        operands = [(x * one).astype(dtype), (y * other).astype(dtype)]
        check_node_mil("Div", operands, runtime=(0, 1))
        check_node_mil("Mod", operands, runtime=(0, 1))
        check_node_mil("Mod", operands, runtime=(0, 1), fmod=1)


@pytest.mark.parametrize("target", [1, 2, 3, 4, 5, 6, 7, 9, 12, 13])
def test_casts(target):
    """Of floats to every type, cut towards zero."""
    x = np.array([-3.7, -0.4, 0, 0.5, 100.9], np.float32)
    check_node_mil("Cast", [np.abs(x) if target in (2, 4, 12, 13) else x], to=target)


def test_constants_beyond_int32_are_refused():
    """Silence would be a wrong number."""
    with pytest.raises(UnsupportedOperatorError, match="outside int32"):
        check_node_mil("Add", [np.array([1, 2]), np.array([1, 1 << 40])])
