"""ONNX's own evaluator, and its exceptions as ours."""

from __future__ import annotations

import numpy as np
import pytest
from onnx.parser import parse_model

from mobilekit.errors import ModelError
from mobilekit.source.definition import Definition

_HEAD = '<ir_version: 8, opset_import: ["" : 17]>\n'


def test_the_values_are_those_that_onnx_defines() -> None:
    """Values are found by name, those within the graph too, with the type ONNX gives them."""
    model = parse_model(_HEAD + "g (float[2] x) => (float[2] y) { y = Relu(x) }")

    (y,) = Definition(model).run(["y"], {"x": np.array([-1, 2], np.float32)})

    np.testing.assert_array_equal(y, [0, 2])
    assert y.dtype == np.float32


def test_no_warning_gets_out_of_a_division_by_zero() -> None:
    """Infinities are values of the model, not a fault of the caller: warnings are errors in these tests."""
    model = parse_model(_HEAD + "g (float[1] x) => (float[1] y) { y = Reciprocal(x) }")

    (y,) = Definition(model).run(["y"], {"x": np.zeros(1, np.float32)})

    assert np.isinf(y).all()


def test_an_unknown_operator_is_a_model_error() -> None:
    """What the evaluator cannot read is said with its own words."""
    model = parse_model(_HEAD + "g (float[2] x) => (float[2] y) { y = NoSuchOperator(x) }")

    with pytest.raises(ModelError, match=r"cannot read the model.*NoSuchOperator"):
        Definition(model)


def test_operands_that_do_not_fit_are_a_model_error() -> None:
    """What the evaluator cannot run is said with its own words."""
    model = parse_model(_HEAD + "g (float[2] x, float[3] z) => (float[2] y) { y = Add(x, z) }")

    with pytest.raises(ModelError, match="cannot run the model"):
        Definition(model).run(["y"], {"x": np.ones(2, np.float32), "z": np.ones(3, np.float32)})
