"""A compiled file has the inputs and outputs of the file that it comes from, or is refused."""

from __future__ import annotations

import pytest

from mobilekit.compile.border import check_same_border, remaining_operators
from mobilekit.errors import UnsoundArtifactError
from tests.compile.support import tiny_tflite


def test_the_same_border_passes(tmp_path) -> None:
    """Whatever is between."""
    one = tiny_tflite(tmp_path / "one.tflite")
    other = tiny_tflite(tmp_path / "other.tflite", operator="Sigmoid (x)")
    check_same_border(one, other, where="a chip")


def test_another_name_is_refused(tmp_path) -> None:
    """The error says what was found and what was expected."""
    one = tiny_tflite(tmp_path / "one.tflite")
    other = tiny_tflite(tmp_path / "other.tflite", output="z")
    with pytest.raises(
        UnsoundArtifactError, match=r"compiled for a chip has output 'z'.*expected output 'y'"
    ):
        check_same_border(one, other, where="a chip")


def test_what_is_left_is_counted(tmp_path) -> None:
    """By the names of the schema."""
    assert remaining_operators(tiny_tflite(tmp_path / "one.tflite")) == {"RELU": 1}
