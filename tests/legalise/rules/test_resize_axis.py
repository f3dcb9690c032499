"""A resampled axis as products of blocks or as a convolution, against ONNX Runtime."""

import numpy as np
import pytest

from mobilekit.legalise.resample import Axis, Method, weights
from mobilekit.legalise.rules.resize_axis import BLOCKS_AT_MOST, banded, window_of
from tests.legalise.support import check_node, noise


def resized(shape, size, **attributes):
    """The operators that an image of ``shape`` resized to ``size`` becomes, checked in ONNX Runtime."""
    sizes = np.array([*shape[:2], *size], np.int64)
    return check_node("Resize", [noise(*shape), None, None, sizes], **attributes)


def matrix_of(size, resized_to, **method):
    """The matrix of one axis."""
    axis = Axis(size=size, resized=resized_to, scale=float(np.float32(resized_to) / np.float32(size)))
    return weights(axis, Method(coordinates="half_pixel", **method))


def test_a_few_channels_are_a_product_per_axis():
    """In the layout of ONNX: nothing is transposed."""
    assert resized((1, 3, 12, 12), (24, 24), mode="cubic") == ["MatMul", "MatMul"]


def test_many_channels_are_a_product_of_channels_last_rows():
    """Each axis between a transposition and its reverse, which layouts absorb."""
    ops = resized((2, 24, 6, 7), (9, 11), mode="cubic")
    assert ops.count("MatMul") == 2
    assert ops[0] == "Transpose"
    assert ops[-1] == "Transpose"


@pytest.mark.parametrize("channels", [3, 24])
def test_large_axes_are_cut_into_blocks(channels):
    """Each block reads only the cells that it needs."""
    ops = resized((1, channels, 80, 70), (100, 130), mode="cubic")
    assert ops.count("MatMul") == 3 + 4
    assert ops.count("Slice") == 3 + 4
    assert ops.count("Concat") == 2


def test_blocks_are_the_matrix():
    """Every row and every weight, in at most sixteen blocks."""
    for size, resized_to in ((10, 20), (100, 64), (37, 300), (40, 2000)):
        matrix = matrix_of(size, resized_to, mode="cubic")
        found, parts = np.zeros_like(matrix), list(banded(matrix))
        row = 0
        for start, end, part in parts:
            found[row : row + len(part), start:end] = part
            row += len(part)
        np.testing.assert_array_equal(found, matrix)
        assert len(parts) <= BLOCKS_AT_MOST


def test_rows_without_weights():
    """A region outside the image reads nothing: a block needs a cell all the same."""
    matrix = np.zeros((70, 9))
    matrix[:10, 3] = 1
    assert [(start, end) for start, end, _ in banded(matrix)] == [(3, 4), (0, 1)]


@pytest.mark.parametrize("factor", [2, 3, 4])
@pytest.mark.parametrize("mode", ["linear", "cubic"])
def test_antialiasing_by_a_whole_factor_is_a_convolution(mode, factor):
    """One strided depthwise convolution per axis; the borders are repeated."""
    ops = resized((1, 8, 12 * factor, 5 * factor), (12, 5), mode=mode, antialias=1)
    assert ops.count("Conv") == 2
    assert "MatMul" not in ops


@pytest.mark.parametrize(
    ("channels", "size", "attributes"),
    [
        (3, (12, 6), {"antialias": 1}),
        (8, (11, 5), {"antialias": 1}),
        (8, (12, 6), {"antialias": 1, "exclude_outside": 1}),
    ],
)
def test_other_shrinking_is_a_product(channels, size, attributes):
    """Few channels, other factors, and borders whose weights differ."""
    ops = resized((1, channels, 24, 12), size, mode="cubic", **attributes)
    assert "Conv" not in ops
    assert "MatMul" in ops


def test_windows():
    """What moves by whole cells with repeated borders is a window; cells that are left out are none."""
    window = window_of(matrix_of(16, 8, mode="linear", antialias=True))
    assert window is not None
    assert (window.stride, window.pads) == (2, (1, 1))
    np.testing.assert_allclose(window.taps, [0.125, 0.375, 0.375, 0.125])
    assert window_of(matrix_of(17, 8, mode="linear", antialias=True)) is None
    assert window_of(matrix_of(8, 16, mode="linear")) is None
    assert window_of(matrix_of(16, 8, mode="cubic", antialias=True, exclude_outside=True)) is None


@pytest.mark.parametrize("shape", [(40,), (3, 40), (2, 3, 40), (2, 1, 2, 1, 3)])
@pytest.mark.parametrize("axis", [0, -1])
def test_any_rank_and_axis(shape, axis):
    """The specification's own code says what ONNX Runtime has no kernel for."""
    from onnx.reference import ReferenceEvaluator

    from mobilekit.legalise.pipeline import legalise
    from mobilekit.runtimes.ort import open_graph
    from tests.legalise.support import node_graph

    scales = np.ones(len(shape), np.float32)
    scales[axis] = 1.5
    x = noise(*shape)
    graph, feed = node_graph("Resize", [x, None, scales], mode="linear")
    (expected,) = ReferenceEvaluator(graph.proto()).run(None, feed)
    with open_graph(legalise(graph, samples=[]).graph) as session:
        np.testing.assert_allclose(session.run(feed)["y"], expected, atol=1e-5)


def test_copied_cells_are_gathered():
    """Weights of one alone copy: nothing is multiplied."""
    ops = check_node(
        "Resize", [noise(1, 3, 7, 5), None, np.array([1, 1, 0.5, 0.5], np.float32)], mode="linear",
        coordinate_transformation_mode="asymmetric",
    )  # fmt: skip
    assert "MatMul" not in ops
