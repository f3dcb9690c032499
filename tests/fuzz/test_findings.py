"""What random graphs found: each was wrong, untyped or refused without a reason once."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from tests.fuzz.graphs import Case
from tests.fuzz.judge import Verdict, judge
from tests.fuzz.precisions import judge_precision


def verdict(text: str, *, opset: int = 17, **given) -> Verdict:
    """The verdict on a graph written as text; inputs that are not ``given`` are seeded numbers."""
    ir = 10 if opset > 20 else 8
    model = onnx.parser.parse_model(f'<ir_version: {ir}, opset_import: ["": {opset}]> g {text}')
    rng = np.random.default_rng(0)
    feed = {}
    for value in model.graph.input:
        tensor = value.type.tensor_type
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        shape = [d.dim_value for d in tensor.shape.dim]
        made = rng.uniform(-2, 2, shape) if dtype.kind == "f" else rng.integers(0, 3, shape)
        feed[value.name] = np.asarray(given.get(value.name, made), dtype)
        assert feed[value.name].shape == tuple(shape)
    return judge(Case(model=model, feeds=(feed,), shapes={}))


def test_slice_before_opset_10_with_axes_in_any_order():
    """ONNX's inference gives up on axes that do not rise; that was called a shape that depends on data."""
    text = "(float[3,4,5] x) => (float[2,4,3] y) { y = Slice <axes=[2,0], starts=[1,-2], ends=[4,9]> (x) }"
    assert verdict(text, opset=9).kind == "right"


def test_an_output_whose_range_is_its_own_rounding():
    """Sigmoid of large numbers is 1 less a few last bits: no signal for a PSNR, and no fault."""
    x = np.asarray([16.98, 22.5, 16.2, 18.6, 25.8, 18.8])
    assert verdict("(float[6] x) => (float[6] y) { y = Sigmoid(x) }", x=x).kind == "right"


@pytest.mark.parametrize("index", ["int32 c = {1}", "int64 c = {-1}"])
def test_gather_of_one_element_by_a_scalar(index: str):
    """A constant scalar stayed a scalar when it was wrapped; it had become a vector of one."""
    text = f"(float[3,5] x) => (float[5] y) <{index}> {{ y = Gather <axis=0> (x, c) }}"
    assert verdict(text, opset=25).kind == "right"


def test_a_number_and_a_vector_of_one_are_two_constants():
    """The Size of x and the shape of its Squeeze were merged: equal bytes, not equal shapes."""
    assert verdict("(float[1,5] x) => (int64 n, float[5] y) { n = Size(x) y = Squeeze(x) }").kind == "right"


@pytest.mark.parametrize("opset", [11, 18, 19, 22])
def test_average_pool_whose_last_window_leaves_the_pads(opset: int):
    """Where pads count, ONNX Runtime divides by the whole window before opset 19, and by what is in it since."""
    text = """(float[1,2,7,5] x) => (float[1,2,4,2] y) {
        y = AveragePool <ceil_mode=1, count_include_pad=1, kernel_shape=[3,4], strides=[2,3], pads=[0,0,1,0]> (x)
    }"""
    assert verdict(text, opset=opset).kind == "right"


@pytest.mark.parametrize("op", ["BitwiseXor", "BitwiseAnd", "BitwiseOr"])
def test_bits_of_one_element_and_a_constant(op: str):
    """Nodes of constants alone lost their rank in the file; the bits of a constant are known."""
    text = "(int64[1,1,1] x, int64[3] z) => (int64[1,1,1] y, int64[3] w) <int64 c = {6}, int64 d = {-3}> "
    verdict_of = verdict(
        text + f"{{ y = {op}(x, c) w = {op}(d, z) }}", opset=18, x=[[[5]]], z=[-1, 2, 1 << 40]
    )
    assert verdict_of.kind == "right"


@pytest.mark.parametrize("kind", ["int32", "int8"])
def test_relu_of_integers(kind: str):
    """LiteRT's RELU refused INT32 while running."""
    text = f"({kind}[2,3] x) => ({kind}[2,3] y) {{ y = Relu(x) }}"
    assert verdict(text, opset=14, x=[[-1, 2, -3], [4, -5, 0]]).kind == "right"


def test_silu_of_doubles():
    """ONNX Runtime's optimiser makes a QuickGelu that it cannot run; the model is right all the same."""
    assert verdict("(double[2,3] x) => (double[2,3] y) { s = Sigmoid(x) y = Mul(x, s) }").kind == "right"


@pytest.mark.parametrize("opset", [14, 19, 22])
@pytest.mark.parametrize("pool", ["MaxPool <", "AveragePool <count_include_pad=1,", "AveragePool <"])
def test_a_pool_whose_last_window_would_start_beyond_the_image(pool: str, opset: int):
    """ONNX Runtime leaves that window out; ONNX counted it before opset 22: refused, not rewritten."""
    text = f"""(float[1,2,5,7] x) => (float[?,?,?,?] y) {{
        y = {pool} ceil_mode=1, kernel_shape=[4,3], pads=[1,2,1,2], strides=[2,3]> (x)
    }}"""
    assert verdict(text, opset=opset).kind == ("right" if opset == 22 else "refused")


def test_numbers_that_pass_through_halves():
    """They are computed in float32: the tolerance is that of halves, though no tensor of the file is one."""
    text = "(float[1,3] x) => (float[1,3] y) { h = Cast <to=10> (x) y = Cast <to=1> (h) }"
    assert verdict(text).kind == "right"


@pytest.mark.parametrize("opset", [13, 22])
def test_output_shape_of_a_transposed_convolution_that_is_valid(opset: int):
    """auto_pad VALID says no pads, output_shape says how many: the latter counts."""
    weights = ",".join(str(n / 10) for n in range(36))
    node = 'y = ConvTranspose <auto_pad="VALID", output_shape=[6,8], strides=[2,2]> (x, w)'
    text = f"(float[1,2,3,4] x) => (float[1,2,6,8] y) <float[2,2,3,3] w = {{{weights}}}> {{ {node} }}"
    assert verdict(text, opset=opset).kind == "right"


def test_halves_of_a_narrow_range():
    """What a Cast to half and back keeps of -0.969 and -0.958 is 35 dB of their range, and all there is."""
    text = "(float[1,2,1] x) => (float[1,2,1] y) { h = Cast <to=10> (x) y = Cast <to=1> (h) }"
    assert verdict(text, x=np.array([-0.969366, -0.957900]).reshape(1, 2, 1)).kind == "right"


def test_one_causal_query():
    """ONNX and ONNX Runtime disagree on what it sees."""
    text = (
        "(float[1,1,1,4] q, float[1,1,5,4] k) => (float[1,1,1,4] y) { y = Attention <is_causal=1> (q, k, k) }"
    )
    assert verdict(text, opset=23).kind == "refused"


def test_a_tie_that_rounding_breaks():
    """x/|x| is 1 but for its last bit: which 1 is the largest is nothing to be right about."""
    text = (
        "(float[1,1,4] x) => (float[1,1,4] y) { u = LpNormalization <axis=-3> (x) y = Hardmax <axis=2> (u) }"
    )
    assert verdict(text, opset=13, x=np.array([0.3, 0.7, 0.9, 1.7]).reshape(1, 1, 4)).kind == "unusable"


def test_what_follows_a_nan():
    """ReduceMax of ONNX Runtime leaves a NaN out, others keep it: the graph is not judged."""
    text = "(float[2,3] x) => (float[2] y) { y = ReduceMax <axes=[1], keepdims=0> (x) }"
    assert verdict(text, x=np.array([[1, np.nan, 2], [3, 4, 5]])).kind == "unusable"


def test_a_nan_of_a_calibration_feed():
    """The first feed is fine; the logarithm of the second's negative number would be scored on too."""
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["": 11]> g (float[3] x) => (float[1] y) { l = Log(x) y = ReduceMax(l) }'
    )
    feeds = tuple({"x": np.array(x, np.float32)} for x in ([1, 2, 3], [1, -2, 3]))
    case = Case(model=model, feeds=feeds, shapes={})
    assert judge_precision(case, "int8-dynamic").kind == "unusable"
