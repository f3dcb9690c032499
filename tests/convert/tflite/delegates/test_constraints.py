"""Constraints: each keeps out what it is about, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from mobilekit.convert.tflite.delegates.constraints import obstacle
from mobilekit.convert.tflite.delegates.published import Listing
from tests.convert.tflite.delegates.support import operator

MAP = ("float32", (1, 4, 4, 2))
AXES = np.array([1, 2], np.int32)
MEAN = operator("MEAN", [MAP, AXES], ("float32", (1, 2)), keepDims=False)
ADD = operator("ADD", [MAP, MAP], MAP, fusedActivationFunction="RELU")


@pytest.mark.parametrize(
    ("found", "fits", "asks", "reason"),
    [
        (ADD, {"max_version": 1}, {"max_version": 0}, "version 1, it takes up to 0"),
        (ADD, {"inputs": (2, 3)}, {"inputs": (3, 3)}, "2 operands, it takes 3"),
        (ADD, {"outputs": (1, 1)}, {"outputs": (2, 4)}, "1 results, it takes 2 to 4"),
        (MEAN, {"runtime_inputs": (1, 1)}, {"runtime_inputs": (2, 2)}, "1 operands computed at run time"),
        (MEAN, {"constant": (1,)}, {"constant": (0,)}, "operand 0 is not constant"),
        (MEAN, {"runtime": (0,)}, {"runtime": (1,)}, "operand 1 is constant"),
        (MEAN, {"needed": (1,)}, {"needed": (2,)}, "without operand 2"),
        (MEAN, {"dtypes": ("float32",)}, {"dtypes": ("qint8",)}, "operand 0 of type float32, it takes qint8"),
        (MEAN, {"runtime_dtypes": ("float32",)}, {"runtime_dtypes": ("bool",)}, "of type float32"),
        (MEAN, {"dtypes": ("float32",)}, {"result_dtypes": ("bool",)}, "a result of type float32"),
        (MEAN, {"operand_dtypes": {"1": ("int32",)}}, {"operand_dtypes": {"1": ("int64",)}}, "operand 1 of"),
        (MEAN, {"max_rank": 4}, {"max_rank": 3}, "rank 4, it takes up to 3"),
        (MEAN, {"rank": (2, 4)}, {"rank": (3, 4)}, "rank 2, it takes 3 to 4"),
        (MEAN, {"operand_ranks": {"1": (0, 1)}}, {"operand_ranks": {"1": (2, 2)}}, "rank 1, it takes 2"),
        (MEAN, {"operand_shapes": {"1": ((2,), (3,))}}, {"operand_shapes": {"1": ((4, 2),)}}, "it takes 4×2"),
        (ADD, {"options": {"fusedActivationFunction": ("RELU",)}},
         {"options": {"fusedActivationFunction": ("NONE",)}}, "fusedActivationFunction RELU, it takes NONE"),
        (MEAN, {"values": {"1": "positive"}}, {"values": {"1": "ones"}}, r"\[1, 2\], it takes ones only"),
    ],
)  # fmt: skip
def test_a_constraint_and_its_negative(found, fits, asks, reason):
    """What fits has no obstacle, what does not has a reason that says both sides."""
    assert obstacle(found, Listing(names=(found.kind,), **fits)) is None
    assert re.search(reason, obstacle(found, Listing(names=(found.kind,), **asks)) or "")


def test_an_option_that_is_not_there_is_zero():
    """Options have the schema's defaults."""
    pool = operator("DEPTH_TO_SPACE", [MAP], MAP)
    assert obstacle(pool, Listing(names=("DEPTH_TO_SPACE",), at_least={"blockSize": 2}))
    two = operator("DEPTH_TO_SPACE", [MAP], MAP, blockSize=2)
    assert obstacle(two, Listing(names=("DEPTH_TO_SPACE",), at_least={"blockSize": 2})) is None
    plain = operator("ADD", [MAP, MAP], MAP)
    assert obstacle(plain, Listing(names=("ADD",), options={"fusedActivationFunction": ("NONE",)})) is None


def test_options_that_exclude_each_other():
    """Both set is an obstacle, one is not."""
    listing = Listing(names=("RESIZE_BILINEAR",), not_together=("alignCorners", "halfPixelCenters"))
    sizes = np.array([8, 8], np.int32)
    both = operator("RESIZE_BILINEAR", [MAP, sizes], MAP, alignCorners=True, halfPixelCenters=True)
    single = operator("RESIZE_BILINEAR", [MAP, sizes], MAP, alignCorners=True)
    assert obstacle(both, listing) == "alignCorners together with halfPixelCenters"
    assert obstacle(single, listing) is None


def test_mixed_types_and_empty_tensors():
    """``same_dtype`` looks at data and results, ``no_empty`` at all of them."""
    mixed = operator("ADD", [MAP, ("float16", MAP[1])], MAP)
    listing = Listing(names=("ADD",), data=(0, 1), same_dtype=True)
    assert obstacle(mixed, listing) == "mixed types float16 and float32"
    assert obstacle(ADD, listing) is None
    empty = operator("ADD", [("float32", (0, 2)), ("float32", (0, 2))], ("float32", (0, 2)))
    assert obstacle(empty, Listing(names=("ADD",), no_empty=True)) == "a tensor without elements"
    assert obstacle(ADD, Listing(names=("ADD",), no_empty=True)) is None


def test_scales_in_proportion():
    """Ratios of an int8 operator's scales; float ones have none."""
    integer = operator("MUL", [("qint8", (4,)), ("qint8", (4,))], ("qint8", (4,)))
    near = Listing(names=("MUL",), data=(0, 1), scale_ratio=(0.5, 2.0), product_scale_ratio=(0.05, 0.2))
    assert obstacle(integer, near) is None
    assert "0.1" in (obstacle(integer, replace(near, product_scale_ratio=(0.5, 1.0))) or "")
    assert "it takes 2 to 4" in (obstacle(integer, replace(near, scale_ratio=(2.0, 4.0))) or "")
    assert obstacle(ADD, near) is None
