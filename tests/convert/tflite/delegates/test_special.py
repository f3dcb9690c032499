"""The checks that no field can say: each lets the right form pass and names what is wrong with the other."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.convert.tflite.builder import TensorQuantisation
from mobilekit.convert.tflite.delegates.operators import operators_of_draft
from mobilekit.convert.tflite.delegates.special import CHECKS
from tests.convert.tflite.delegates.support import one, operator

MAP = ("float32", (1, 6, 5, 4))
BYTES = ("qint8", (1, 6, 5, 4))
NUMBER = ("float32", ())


def slopes(*shape: int) -> np.ndarray:
    return np.full(shape, 0.3, np.float32)


CASES = [
    ("normal_slope", operator("LEAKY_RELU", [MAP], MAP, alpha=0.1), operator("LEAKY_RELU", [MAP], MAP)),
    ("pool_overlaps",
     operator("MAX_POOL_2D", [MAP], MAP, strideH=2, strideW=1, filterHeight=2, filterWidth=2),
     operator("MAX_POOL_2D", [MAP], MAP, strideH=3, strideW=1, filterHeight=2, filterWidth=2)),
    ("whole_blocks", operator("SPACE_TO_DEPTH", [("float32", (1, 6, 4, 4))], MAP, blockSize=2),
     operator("SPACE_TO_DEPTH", [MAP], MAP, blockSize=2)),
    ("not_scalar_reduction", operator("SUM", [MAP, np.array([1], np.int32)], MAP),
     operator("SUM", [MAP, np.zeros(0, np.int32)], MAP)),
    ("xnnpack_reshape", operator("RESHAPE", [MAP], MAP),
     operator("RESHAPE", [("float32", (0, 4))], ("float32", (0, 2, 2)))),
    ("gpu_prelu_alpha", operator("PRELU", [MAP, slopes(4)], MAP), operator("PRELU", [MAP, slopes(1)], MAP)),
    ("gpu_prelu_alpha", operator("PRELU", [MAP, slopes(1, 1, 4)], MAP),
     operator("PRELU", [MAP, slopes(5, 1)], MAP)),
    ("gpu_prelu_alpha", operator("PRELU", [MAP, slopes(6, 5, 4)], MAP),
     operator("PRELU", [MAP, slopes(1, 5, 4)], MAP)),
    ("gpu_prelu_alpha", operator("PRELU", [("float32", (2, 3)), slopes(3)], ("float32", (2, 3))),
     operator("PRELU", [("float32", (3,)), slopes(3)], ("float32", (3,)))),
    ("gpu_binary", operator("SUB", [MAP, ("float32", (4,))], MAP), operator("SUB", [MAP, NUMBER], MAP)),
    ("gpu_binary", operator("ADD", [MAP, np.ones(1, np.float32)], MAP),
     operator("EQUAL", [("int64", (4,)), np.ones(1, np.int64)], ("bool", (4,)))),
    ("gpu_select", operator("SELECT_V2", [("bool", MAP[1]), MAP, np.ones(1, np.float32)], MAP),
     operator("SELECT_V2", [("bool", MAP[1]), MAP, np.ones((1, 1, 1, 4), np.float32)], MAP)),
    ("gpu_select", operator("SELECT_V2", [("bool", MAP[1]), MAP, MAP], MAP),
     operator("SELECT_V2", [("int32", MAP[1]), MAP, MAP], MAP)),
    ("gpu_fully_connected",
     operator("FULLY_CONNECTED", [("float32", (2, 4)), slopes(3, 4)], ("float32", (2, 3)), keepNumDims=True),
     operator("FULLY_CONNECTED", [("float32", (2, 1, 4)), slopes(3, 4)], ("float32", (2, 3)), keepNumDims=True)),
    ("gpu_same_type", operator("GATHER", [MAP, np.array([1], np.int32)], MAP),
     operator("GATHER", [("float16", MAP[1]), np.array([1], np.int32)], MAP)),
]  # fmt: skip


@pytest.mark.parametrize(("check", "fits", "does_not"), CASES)
def test_a_check_and_its_negative(check, fits, does_not):
    """None for what fits; a reason for what does not."""
    assert CHECKS[check](fits) is None
    assert CHECKS[check](does_not)


def test_the_same_tensor_twice_on_the_gpu():
    """It squares and doubles, and takes no other arithmetic of a tensor with itself."""
    for kind, fits in (("MUL", True), ("ADD", True), ("SUB", False), ("MAXIMUM", False)):
        builder = one(kind, [MAP, MAP], MAP)
        first = builder.operators[0]
        builder.operators.clear()
        builder.operator(kind, (first.inputs[0], first.inputs[0]), first.outputs, {})
        (found,) = operators_of_draft(builder)
        assert (CHECKS["gpu_binary"](found) is None) == fits


def test_scales_of_moved_bytes():
    """One scale for a tensor, and the same on both sides of what moves bytes."""
    assert CHECKS["per_tensor"](operator("TRANSPOSE", [BYTES, np.arange(4, dtype=np.int32)], BYTES)) is None
    assert CHECKS["same_quantisation"](operator("RESHAPE", [BYTES], BYTES)) is None
    builder = one("RESHAPE", [BYTES], BYTES)
    builder.tensors[0].quantisation = TensorQuantisation(scales=(0.1, 0.2), zero_points=(0, 0))
    (found,) = operators_of_draft(builder)
    assert CHECKS["per_tensor"](found)
    assert CHECKS["same_quantisation"](found)


def test_every_check_is_tested():
    """A new check needs a case here."""
    assert {name for name, *_ in CASES} | {"per_tensor", "same_quantisation"} == set(CHECKS)
