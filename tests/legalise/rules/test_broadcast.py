"""Elementwise operators whose runtime operands have the rank of the result; chains of two operands."""

import numpy as np
import pytest

from tests.legalise.support import check_node, noise


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Div", "Max", "Min", "Less", "Equal", "GreaterOrEqual"])
def test_lower_rank_at_run_time(op):
    """A Reshape lifts the smaller operand."""
    operands = [noise(2, 3, 4), noise(3, 1, seed=1)]
    assert check_node(op, operands, runtime=(0, 1)) == ["Reshape", op]
    assert check_node(op, operands[::-1], runtime=(0, 1)) == ["Reshape", op]


def test_constants_keep_their_rank():
    """A constant of any rank is fine."""
    assert check_node("Add", [noise(2, 3, 4), noise(4)]) == ["Add"]


def test_a_larger_constant_lifts_the_runtime_operand():
    """The result's rank counts, not the other operand's."""
    assert check_node("Mul", [noise(4), noise(2, 3, 4)]) == ["Reshape", "Mul"]


def test_scalars():
    """A runtime scalar has rank 0."""
    assert check_node("Mul", [noise(2, 3), np.float32(2)], runtime=(0, 1)) == ["Reshape", "Mul"]


def test_where():
    """Conditions are lifted too."""
    operands = [noise(3) > 0, noise(2, 3), np.float32(1)]
    assert check_node("Where", operands, runtime=(0, 1)) == ["Reshape", "Where"]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("op", ["Sum", "Mean", "Max", "Min"])
def test_any_number_of_operands(op, count):
    """Two at a time, of different shapes."""
    operands = [noise(2, 3), noise(3, seed=1), noise(2, 1, seed=2), noise(1, 3, seed=3)][:count]
    check_node(op, operands, runtime=tuple(range(count)))


@pytest.mark.parametrize("op", ["And", "Or", "Xor"])
def test_booleans(op):
    """Logic stays logic."""
    assert check_node(op, [noise(2, 3) > 0, noise(2, 3, seed=1) > 0], runtime=(0, 1)) == [op]
