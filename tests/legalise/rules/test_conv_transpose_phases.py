"""ConvTranspose with few output channels, or many products each, is one convolution and DepthToSpace."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mobilekit.convert.tflite import emit
from mobilekit.legalise.pipeline import legalise
from mobilekit.metrics import psnr
from mobilekit.plan.api import plan_int8
from mobilekit.runtimes.litert import open_tflite
from mobilekit.runtimes.ort import open_graph
from tests.legalise.support import check_node, check_node_file, more, node_graph, noise, operators

PHASES = ["Conv", "DepthToSpace"]


def transposed(inputs, outputs, kernel, stride, *, check=check_node, **attributes):
    """The operators left of one ConvTranspose on 5×6 cells, after the check."""
    operands = [
        noise(2, inputs, 5, 6),
        noise(inputs, outputs, kernel, kernel, seed=1),
        noise(outputs, seed=2),
    ]
    return check("ConvTranspose", operands, strides=[stride] * 2, **attributes)


@given(
    size=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    kernel=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    stride=st.integers(2, 4),
    pads=st.tuples(*[st.integers(0, 9)] * 4),
    extra=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    biased=st.booleans(),
)
@more
def test_any_kernel_stride_and_cut(size, kernel, stride, pads, extra, biased):
    """Kernels below and above the stride, any cells cut (whole strides too) and grown: the same result."""
    assume(all(e < stride for e in extra))
    sizes = [
        (n - 1) * stride + e + k - pads[i] - pads[i + 2]
        for i, (n, e, k) in enumerate(zip(size, extra, kernel, strict=True))
    ]
    assume(min(sizes) > 0)
    operands = [noise(2, 3, *size), noise(3, 2, *kernel, seed=1), *([noise(2, seed=2)] if biased else [])]
    attributes = {"strides": [stride] * 2, "pads": pads, "output_padding": extra}
    ops = check_node("ConvTranspose", operands, **attributes)
    assert ops.count("Conv") == 1
    assert "ConvTranspose" not in ops


@pytest.mark.parametrize(
    ("kernel", "stride", "attributes", "ops"),
    [
        (2, 2, {}, PHASES),
        (3, 2, {"pads": [1] * 4, "output_padding": [1, 1]}, PHASES),
        (5, 2, {"pads": [2] * 4, "output_padding": [1, 1]}, PHASES),
        (4, 2, {"pads": [1] * 4}, ["Pad", *PHASES, "Slice"]),
        (8, 4, {"pads": [2] * 4}, ["Pad", *PHASES, "Slice"]),
    ],
)
def test_no_pad_and_no_slice_where_the_kernel_is_as_narrow_without(kernel, stride, attributes, ops):
    """The usual upscaling layers, in LiteRT too; a narrower kernel is worth a Pad and a Slice."""
    assert transposed(3, 4, kernel, stride, check=check_node_file, **attributes) == ops


@pytest.mark.parametrize(
    ("inputs", "outputs", "kernel", "phases"),
    [
        (3, 8, 5, True),
        (3, 24, 3, True),
        (3, 24, 4, True),
        (3, 25, 4, False),
        (64, 25, 4, True),
        (63, 25, 4, False),
        (256, 25, 3, False),
        (64, 25, 2, False),
        (256, 25, 2, True),
    ],
)
def test_only_where_it_is_measured_to_be_faster(inputs, outputs, kernel, phases):
    """Few outputs, or at least 256 products in each and few of them with zeros."""
    ops = transposed(inputs, outputs, kernel, 2)
    assert ("ConvTranspose" not in ops) == phases


@pytest.mark.parametrize(
    ("kernel", "attributes"),
    [(5, {"strides": [4, 4]}), (1, {"strides": [2, 2]}), (2, {"strides": [2, 1]}), (3, {"strides": [1, 1]})],
)
def test_what_stays(kernel, attributes):
    """Mostly products with zeros, unequal strides, and a stride of 1, which is a convolution anyway."""
    operands = [noise(1, 3, 5, 6), noise(3, 16, kernel, kernel)]
    assert "ConvTranspose" in check_node("ConvTranspose", operands, **attributes)


@pytest.mark.parametrize(("outputs", "ops"), [(8, [*PHASES]), (9, ["ConvTranspose"])])
def test_at_most_2048_channels(outputs, ops):
    """Strides of 16 and more keep their operator where the phases' channels would be too many to sample."""
    assert transposed(2, outputs, 16, 16) == ops


def test_weights_at_run_time_stay():
    """Their phases would be gathered at run time."""
    operands = [noise(1, 3, 4, 4), noise(3, 2, 2, 2)]
    assert check_node("ConvTranspose", operands, runtime=(0, 1), strides=[2, 2]) == ["ConvTranspose"]


def test_a_gpu_has_its_own_operator():
    """The GPU's profile keeps ConvTranspose."""
    graph, _ = node_graph("ConvTranspose", [noise(1, 3, 5, 6), noise(3, 4, 4, 4)], strides=[2, 2])
    assert "ConvTranspose" in operators(legalise(graph, profile="tflite-gpu", samples=[]).graph)
    assert "ConvTranspose" not in operators(legalise(graph, profile="tflite-cpu", samples=[]).graph)


def test_int8_keeps_its_quality(tmp_path):
    """Every phase of a channel has a weight scale of its own: no worse than 50 dB on noise."""
    attributes = {"strides": [2, 2], "pads": [1] * 4}
    weights = noise(8, 3, 4, 4, seed=1) * np.float32([1, 0.1, 0.01]).reshape(1, 3, 1, 1)
    graph, feed = node_graph("ConvTranspose", [noise(1, 8, 16, 16), weights], **attributes)
    legal = legalise(graph, samples=[]).graph
    plan = plan_int8(legal, [{"i0": noise(1, 8, 16, 16, seed=seed)} for seed in range(3)] + [feed])
    path = tmp_path / "net.tflite"
    path.write_bytes(
        emit(legal, precision="int8", plan=plan, source_inputs=graph.inputs, source_outputs=graph.outputs)
    )
    with open_graph(graph) as one, open_tflite(path) as other:
        assert psnr(one.run(feed)["y"], other.run(feed)["y"]) > 50
