"""Predictions: by the lists, in the runtime's parts, and for XNNPACK as LiteRT says itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mobilekit.convert.tflite.api import draft, emit
from mobilekit.convert.tflite.delegates.operators import operators_of_draft, operators_of_file
from mobilekit.convert.tflite.delegates.predict import partitions, predict, refusal
from mobilekit.convert.tflite.delegates.published import published_lists
from tests.convert.tflite.conftest import make_graph
from tests.convert.tflite.delegates.support import on_cpu_whole, one, operator, save

LISTS = published_lists()
MAP = ("float32", (1, 6, 6, 4))
BYTES = ("qint8", (1, 6, 6, 4))
FLAGS = ("bool", (1, 6, 6, 4))
SMALL = ("float32", (1, 3, 3, 4))
ONES = np.ones(4, np.int32)
ZEROS = np.zeros(4, np.int32)
POOL = {"filterHeight": 2, "filterWidth": 2, "strideH": 2, "strideW": 2, "padding": "VALID"}

ON_CPU = [
    one("ABS", [MAP], MAP),
    one("SIGN", [MAP], MAP),
    one("ADD", [MAP, MAP], MAP),
    one("ADD", [BYTES, BYTES], BYTES),
    one("ADD", [("int32", (4,)), ("int32", (4,))], ("int32", (4,))),
    one("POW", [MAP, MAP], MAP),
    one("MAXIMUM", [MAP, MAP], MAP),
    one("MAXIMUM", [BYTES, BYTES], BYTES),
    one("LEAKY_RELU", [MAP], MAP, alpha=0.2),
    one("LEAKY_RELU", [MAP], MAP, alpha=0.0),
    one("PRELU", [MAP, np.full(1, 0.2, np.float32)], MAP),
    one("CONCATENATION", [SMALL] * 5, ("float32", (1, 3, 3, 20)), axis=3),
    one("CONCATENATION", [SMALL] * 6, ("float32", (1, 3, 3, 24)), axis=3),
    one("MAX_POOL_2D", [MAP], SMALL, **POOL),
    one("MAX_POOL_2D", [BYTES], ("qint8", SMALL[1]), **POOL),
    one("AVERAGE_POOL_2D", [MAP], SMALL, **POOL),
    one("AVERAGE_POOL_2D", [BYTES], ("qint8", SMALL[1]), **POOL),
    one("AVERAGE_POOL_2D", [MAP], SMALL, **{**POOL, "filterHeight": 1, "filterWidth": 1}),
    one("RESIZE_BILINEAR", [SMALL, np.array([6, 6], np.int32)], MAP, halfPixelCenters=True),
    one("RESIZE_NEAREST_NEIGHBOR", [SMALL, np.array([6, 6], np.int32)], MAP),
    one("STRIDED_SLICE", [MAP, ZEROS, np.array([1, 6, 6, 4], np.int32), ONES], MAP),
    one("STRIDED_SLICE", [MAP, ZEROS, np.array([1, 6, 6, 4], np.int32), np.array([1, 2, 2, 1], np.int32)], SMALL),
    one("SLICE", [MAP, ZEROS, np.array([1, 3, 3, 4], np.int32)], SMALL),
    one("SLICE", [MAP, ZEROS, np.array([1, 3, 3, -1], np.int32)], SMALL),
    one("SPLIT", [np.array(3, np.int32), MAP], *[("float32", (1, 6, 6, 1))] * 4, numSplits=4),
    one("MEAN", [MAP, np.array([1, 2], np.int32)], ("float32", (1, 1, 1, 4)), keepDims=True),
    one("REDUCE_PROD", [MAP, np.array([1, 2], np.int32)], ("float32", (1, 1, 1, 4)), keepDims=True),
    one("SOFTMAX", [MAP], MAP, beta=1.0),
    one("SOFTMAX", [BYTES], ("qint8", MAP[1]), beta=1.0),
    one("TRANSPOSE", [MAP, np.array([0, 3, 1, 2], np.int32)], ("float32", (1, 4, 6, 6))),
    one("SELECT_V2", [FLAGS, MAP, MAP], MAP),
    one("PAD", [MAP, np.zeros((4, 2), np.int32)], MAP),
    one("PADV2", [MAP, np.zeros((4, 2), np.int32), np.ones(1, np.float32)], MAP),
    one("RESHAPE", [("float32", (1, 1)), np.zeros(0, np.int32)], ("float32", ())),
    one("DEPTH_TO_SPACE", [MAP], ("float32", (1, 12, 12, 1)), blockSize=2),
    one("GATHER", [MAP, np.array([1, 0], np.int32)], ("float32", (1, 6, 2, 4)), axis=2),
]  # fmt: skip


@pytest.mark.parametrize("builder", ON_CPU, ids=lambda builder: builder.operators[0].kind)
def test_xnnpack_takes_what_its_list_says(tmp_path, builder):
    """The prediction equals what LiteRT answers when it opens the file on the CPU, both ways."""
    (found,) = operators_of_draft(builder)
    assert (refusal(found, LISTS["xnnpack"]) is None) == on_cpu_whole(save(builder, tmp_path / "one.tflite"))


def test_both_answers_are_tried():
    """The cases above are not all of one kind."""
    answers = [refusal(operators_of_draft(builder)[0], LISTS["xnnpack"]) is None for builder in ON_CPU]
    assert 10 < sum(answers) < len(answers) - 10


def test_a_slope_for_all_channels_is_refused_by_the_gpu():
    """As exporters write PRELU: measured on LiteRT's GPU accelerator, along with the forms it takes."""
    for shape, taken in (((1,), False), ((4,), True), ((1, 1, 4), True), ((1, 6, 4), False)):
        found = operator("PRELU", [MAP, np.full(shape, 0.2, np.float32)], MAP)
        assert (refusal(found, LISTS["gpu"]) is None) == taken


def test_the_gpu_has_no_rank_five_and_no_int64():
    """Two limits that all its operators have."""
    five = ("float32", (1, 2, 3, 4, 5))
    assert "rank 5" in (refusal(operator("RELU", [five], five), LISTS["gpu"]) or "")
    assert refusal(operator("RELU", [MAP], MAP), LISTS["gpu"]) is None
    long = ("int64", (4,))
    assert "int64" in (refusal(operator("ADD", [long, long], long), LISTS["gpu"]) or "")


def test_the_reason_is_that_of_the_right_types():
    """Where an operator is listed for floats and for bytes, its own listing says what is wrong."""
    slices = [BYTES, ZEROS, np.array([1, 6, 6, 4], np.int32), np.array([1, 2, 2, 1], np.int32)]
    reason = refusal(operator("STRIDED_SLICE", slices, ("qint8", SMALL[1])), LISTS["xnnpack"])
    assert reason == "operand 3 is [1, 2, 2, 1], it takes ones only"


def test_what_is_not_listed():
    """Refused where the list is whole; not known where only refusals are published."""
    found = operator("ATAN2", [MAP, MAP], MAP)
    assert refusal(found, LISTS["mediatek-neuron"]) == "not on its list"
    assert refusal(found, LISTS["google-tensor"]) is None
    product = operator("REDUCE_PROD", [MAP, np.array([1], np.int32)], SMALL)
    assert refusal(product, LISTS["google-tensor"]) == "on its list of operators that it does not take"


CHAIN = """
<ir_version: 10, opset_import: ["" : 21]>
g (float[1, 4, 6, 6] x) => (y) {
  a = Exp (x)
  b = Abs (a)
  c = Sign (b)
  d = Neg (c)
  y = Add (d, b)
}
"""


def test_parts_of_a_chain(tmp_path):
    """Abs and Exp run together, Sign alone on the CPU's own kernels, Neg and Add together again."""
    graph = make_graph(CHAIN)
    path = tmp_path / "net.tflite"
    path.write_bytes(emit(graph, precision="fp32"))
    prediction = predict(operators_of_file(path), LISTS["xnnpack"])
    assert (prediction.operators, prediction.accelerated, prediction.parts) == (5, 4, 2)
    assert [(r.operator, r.value) for r in prediction.refused] == [("SIGN", "c")]
    assert not prediction.whole
    assert not on_cpu_whole(path)


def test_a_delegate_that_takes_the_largest_part():
    """The GPU accelerator leaves the smaller parts to the CPU."""
    operators = operators_of_draft(draft(make_graph(CHAIN), precision="fp32"))
    gpu = predict(operators, LISTS["gpu"])
    assert gpu.whole
    assert (gpu.accelerated, gpu.parts) == (5, 1)
    without = replace(LISTS["gpu"], listings={**LISTS["gpu"].listings, "SIGN": ()})
    cut = predict(operators, without)
    assert (cut.accelerated, cut.parts) == (2, 1)


def test_parts_wait_for_each_other():
    """A diamond: what is ready goes along, what needs a refused operator waits for it."""
    operators = operators_of_draft(draft(make_graph(CHAIN), precision="fp32"))
    everything = {o.index for o in operators}
    assert partitions(operators, everything) == [[0, 1, 2, 3, 4]]
    assert partitions(operators, set()) == []
    assert partitions(operators, everything - {2}) == [[0, 1], [3, 4]]
    assert partitions(operators, everything - {0}) == [[1, 2, 3, 4]]


def test_unpacked_weights_are_not_counted(tmp_path):
    """The DEQUANTIZE of an fp16 weight is done once, by whoever takes the convolution."""
    graph = make_graph(
        """
        <ir_version: 10, opset_import: ["" : 21]>
        g (float[1, 4, 6, 6] x) => (y) { y = Conv <kernel_shape = [3, 3]> (x, w, b) }
        """,
        {"w": np.ones((8, 4, 3, 3), np.float32), "b": np.ones(8, np.float32)},
    )
    path = tmp_path / "net.tflite"
    path.write_bytes(emit(graph, precision="fp16"))
    operators = operators_of_file(path)
    assert [o.kind for o in operators if o.unpacks] == ["DEQUANTIZE"]
    for name in ("gpu", "xnnpack"):
        prediction = predict(operators, LISTS[name])
        assert prediction.whole
        assert prediction.operators == len(operators) - 1
    assert on_cpu_whole(path)
