"""What the GPU takes and computes wrongly: each mistake has a form beside it that is right."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.convert.tflite.builder import FileBuilder
from mobilekit.convert.tflite.delegates.mistaken import MISTAKES
from mobilekit.convert.tflite.delegates.operators import operators_of_draft
from mobilekit.convert.tflite.delegates.predict import refusal
from mobilekit.convert.tflite.delegates.published import published_lists
from tests.convert.tflite.delegates.support import one, operator, tensor

GPU = MISTAKES["gpu"]
MAP = ("float32", (1, 6, 5, 4))
BATCH = ("float32", (2, 6, 5, 4))
ROWS = ("float32", (3, 4))
POOL = {"strideH": 1, "strideW": 1, "filterHeight": 2, "filterWidth": 2, "padding": "VALID"}


def numbers(*shape, value=0.5, dtype=np.float32):
    return np.full(shape, value, dtype)


def ints(*values):
    return np.array(values, np.int32)


CASES = [
    ("rows of constants", operator("ADD", [ROWS, numbers(4)], ROWS), operator("ADD", [ROWS, numbers(3, 4)], ROWS)),
    ("pictures of constants", operator("SUB", [numbers(2, 6, 5, 4), BATCH], BATCH),
     operator("LESS", [numbers(3, 1), ROWS], ("bool", (3, 4)))),
    ("powers", operator("POW", [MAP, numbers(1, value=3)], MAP), operator("POW", [MAP, numbers(1, value=5)], MAP)),
    ("computed powers", operator("POW", [MAP, numbers(1, value=0.5)], MAP), operator("POW", [MAP, MAP], MAP)),
    ("bytes", operator("MAX_POOL_2D", [("qint8", MAP[1])], ("qint8", MAP[1]), **POOL),
     operator("MAX_POOL_2D", [("int8", MAP[1])], ("int8", MAP[1]), **POOL)),
    ("groups", operator("CONV_2D", [("float32", (1, 6, 5, 8)), numbers(8, 3, 3, 4)], ("float32", (1, 6, 5, 8))),
     operator("CONV_2D", [MAP, numbers(4, 3, 3, 2)], MAP)),
    ("transposed", operator("TRANSPOSE_CONV", [ints(1, 6, 5, 4), numbers(4, 4, 4, 2), MAP], MAP, strideH=2, strideW=2, padding="SAME"),
     operator("TRANSPOSE_CONV", [ints(1, 6, 5, 4), numbers(4, 3, 3, 2), MAP], MAP, strideH=2, strideW=2, padding="SAME")),
    ("valid transposed", operator("TRANSPOSE_CONV", [ints(1, 6, 5, 4), numbers(4, 3, 3, 2), MAP], MAP, strideH=2, strideW=2, padding="VALID"),
     operator("TRANSPOSE_CONV", [ints(1, 6, 5, 4), numbers(4, 5, 5, 2), MAP], MAP, strideH=2, strideW=2, padding="SAME")),
    ("pads", operator("PAD", [MAP, ints(*[[0, 0]] * 4)], MAP), operator("PAD", [("float32", (3, 4, 5)), ints(*[[0, 1]] * 3)], ("float32", (4, 5, 6)))),
    ("whole pads", operator("PAD", [("qint8", MAP[1]), ints(*[[0, 0]] * 4)], ("qint8", MAP[1])),
     operator("PAD", [("int32", MAP[1]), ints(*[[0, 0]] * 4)], ("int32", MAP[1]))),
    ("infinite pads", operator("PADV2", [MAP, ints(*[[0, 0]] * 4), numbers(1)], MAP),
     operator("PADV2", [MAP, ints(*[[0, 0]] * 4), numbers(1, value=-np.inf)], MAP)),
    ("batches", operator("BATCH_MATMUL", [("float32", (1, 2, 4, 3)), ("float32", (2, 3, 5))], ("float32", (1, 2, 4, 5))),
     operator("BATCH_MATMUL", [("float32", (1, 2, 4, 3)), ("float32", (3, 5))], ("float32", (1, 2, 4, 5)))),
    ("sums", operator("CUMSUM", [ROWS, ints(1)], ROWS), operator("CUMSUM", [ROWS, ints(0)], ROWS)),
    ("kinds of sums", operator("CUMSUM", [MAP, ints(1)], MAP), operator("CUMSUM", [MAP, ints(1)], MAP, reverse=True)),
    ("turned", operator("REVERSE_V2", [MAP, ints(3)], MAP), operator("REVERSE_V2", [("float32", (1, 6)), ints(1)], ("float32", (1, 6)))),
    ("blocks", operator("SPACE_TO_DEPTH", [MAP], MAP, blockSize=2), operator("DEPTH_TO_SPACE", [BATCH], BATCH, blockSize=2)),
    ("slopes", operator("LEAKY_RELU", [MAP], MAP, alpha=0.5), operator("LEAKY_RELU", [MAP], MAP, alpha=-1.0)),
    ("greatest", operator("ARG_MAX", [("float32", (1, 6, 5, 3)), ints(1)], ("int32", (1, 5, 3))),
     operator("ARG_MAX", [("float32", (1, 6, 5, 3)), ints(-1)], ("int32", (1, 6, 5)))),
    ("greatest of all", operator("TOPK_V2", [MAP, ints(2)], MAP, ("int32", MAP[1])),
     operator("TOPK_V2", [("float32", (1, 7)), ints(2)], ("float32", (1, 2)), ("int32", (1, 2)))),
    ("nothing", operator("RESHAPE", [MAP], ROWS), operator("RESHAPE", [("float32", (0, 4))], ("float32", (0, 2, 2)))),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_mistake_and_what_is_right_beside_it(right, wrong):
    """None for what it computes; a reason for what it does not."""
    assert GPU(right) is None
    assert GPU(wrong)


@pytest.mark.parametrize(
    ("pad", "reader", "merged"),
    [
        ("PAD", "AVERAGE_POOL_2D", True),
        ("PADV2", "AVERAGE_POOL_2D", True),
        ("PAD", "MAX_POOL_2D", True),
        ("PADV2", "MAX_POOL_2D", False),
        ("PAD", "CONV_2D", False),
        ("PADV2", "CONV_2D", True),
        ("ABS", "AVERAGE_POOL_2D", False),
    ],
)
def test_pads_that_are_merged(pad, reader, merged):
    """What matters is which operator stands before."""
    extra = [] if pad == "ABS" else [ints(*[[0, 0]] * 4), *([numbers(1)] if pad == "PADV2" else [])]
    builder = one(pad, [MAP, *extra], MAP)
    (padded,) = builder.outputs
    result = builder.tensor("result", MAP[1], np.dtype(np.float32))
    weights = [builder.constant("weights", numbers(4, 3, 3, 4))] if reader == "CONV_2D" else []
    builder.operator(reader, [padded, *weights], [result], {} if weights else POOL)
    assert bool(GPU(operators_of_draft(builder)[-1])) == merged


def test_a_mistake_counts_as_refused():
    """`inspect` says of it that the GPU must not have it."""
    wrong = operator("ADD", [ROWS, numbers(3, 4)], ROWS)
    assert refusal(wrong, published_lists()["gpu"]).startswith("taken, and computed wrongly: of a constant")
    assert refusal(wrong, published_lists()["xnnpack"]) is None


@pytest.mark.parametrize(
    ("kind", "splits", "dtype", "right"),
    [
        ("SUB", 1, "float32", False),
        ("SUB", 2, "float32", True),
        ("MUL", 1, "float32", True),
        ("SUB", 1, "qint8", True),
    ],
)
def test_parts_of_one_split_must_not_meet(kind, splits, dtype, right):
    """Parts of two may; products of parts are right, and so are bytes."""
    builder = FileBuilder()
    inputs = [tensor(builder, f"x{i}", (dtype, (1, 2, 4, 4))) for i in range(splits)]
    parts = [[tensor(builder, f"p{i}{j}", (dtype, (1, 1, 4, 4))) for j in range(2)] for i in range(splits)]
    for data, each in zip(inputs, parts, strict=True):
        builder.operator("SPLIT", [builder.constant("axis", ints(1)[0]), data], each, {"numSplits": 2})
    result = tensor(builder, "y", (dtype, (1, 1, 4, 4)))
    builder.operator(kind, [parts[0][0], parts[-1][1]], [result], {})
    found = operators_of_draft(builder)[-1]
    assert (GPU(found) is None) is right
