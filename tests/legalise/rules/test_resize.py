"""Resize in every mode against ONNX Runtime, and its weights against onnx.reference."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.pipeline import legalise
from mobilekit.legalise.resample import Axis, Method, nearest_indices, outside, weights
from mobilekit.runtimes.ort import open_graph
from tests.legalise.support import check, check_node, more, node_graph, noise, text_graph

COORDINATES = [
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
]
NEAREST = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]


def sizes(*values):
    """The sizes operand."""
    return np.array(values, np.int64)


def scales(*values):
    """The scales operand."""
    return np.array(values, np.float32)


@given(
    coordinates=st.sampled_from(COORDINATES),
    nearest=st.sampled_from(NEAREST),
    height=st.integers(1, 17),
    width=st.integers(1, 17),
)
@more
def test_any_nearest_by_sizes(coordinates, nearest, height, width):
    """Every coordinate transformation with every rounding."""
    check_node(
        "Resize", [noise(1, 2, 6, 7), None, None, sizes(1, 2, height, width)], mode="nearest",
        coordinate_transformation_mode=coordinates, nearest_mode=nearest,
    )  # fmt: skip


@given(
    mode=st.sampled_from(["linear", "cubic"]),
    coordinates=st.sampled_from(COORDINATES),
    height=st.integers(1, 17),
    width=st.integers(1, 17),
    outside=st.booleans(),
    a=st.sampled_from([-0.75, -0.5]),
)
@more
def test_any_interpolation_by_sizes(mode, coordinates, height, width, outside, a):
    """Linear and cubic with every coordinate transformation."""
    check_node(
        "Resize", [noise(1, 2, 6, 7), None, None, sizes(1, 2, height, width)], mode=mode,
        coordinate_transformation_mode=coordinates, cubic_coeff_a=a,
        exclude_outside=int(outside and mode == "cubic"),
    )  # fmt: skip


@given(
    mode=st.sampled_from(["nearest", "linear", "cubic"]),
    coordinates=st.sampled_from(COORDINATES),
    vertical=st.sampled_from([0.4, 0.5, 0.75, 1.0, 1.3, 2.0, 2.6, 3.0]),
    horizontal=st.sampled_from([0.4, 0.5, 0.75, 1.0, 1.3, 2.0, 2.6, 3.0]),
)
@more
def test_any_scales(mode, coordinates, vertical, horizontal):
    """Scales that do not divide the sizes keep their own coordinates."""
    check_node(
        "Resize", [noise(1, 2, 6, 7), None, scales(1, 1, vertical, horizontal)], mode=mode,
        coordinate_transformation_mode=coordinates,
    )  # fmt: skip


@given(
    mode=st.sampled_from(["linear", "cubic"]),
    height=st.integers(2, 16),
    width=st.integers(2, 16),
    outside=st.booleans(),
)
@more
def test_any_antialias(mode, height, width, outside):
    """Antialiasing, shrinking and growing."""
    check_node(
        "Resize", [noise(1, 2, 11, 12), None, None, sizes(1, 2, height, width)], mode=mode,
        antialias=1, exclude_outside=int(outside),
    )  # fmt: skip


@given(
    mode=st.sampled_from(["nearest", "linear", "cubic"]),
    roi=st.tuples(*[st.sampled_from([-0.3, 0.0, 0.2])] * 2, *[st.sampled_from([0.6, 1.0, 1.4])] * 2),
    size=st.tuples(st.integers(2, 9), st.integers(2, 9)),
    value=st.sampled_from([0.0, 7.5]),
)
@more
def test_any_crop_and_resize(mode, roi, size, value):
    """A region of interest, partly outside the image."""
    region = np.array([0, 0, *roi[:2], 1, 1, *roi[2:]], np.float32)
    check_node(
        "Resize", [noise(1, 2, 6, 7), region, None, sizes(1, 2, *size)], mode=mode,
        coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=value,
    )  # fmt: skip


@pytest.mark.parametrize("policy", ["not_larger", "not_smaller"])
@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
def test_kept_aspect_ratio(policy, mode):
    """Policies choose one scale for both axes."""
    check_node(
        "Resize", [noise(1, 2, 6, 7), None, None, sizes(13, 9)], mode=mode, axes=[2, 3],
        keep_aspect_ratio_policy=policy,
    )  # fmt: skip


def test_unusual_axes():
    """Channels and batch can be resized too, by gathers and products."""
    check_node("Resize", [noise(2, 3, 4, 5), None, scales(2, 1.5)], mode="nearest", axes=[1, 0])
    check_node("Resize", [noise(2, 5), None, None, sizes(4, 9)], mode="linear")


LEGAL = [
    ({"mode": "linear", "coordinate_transformation_mode": c}, ["Resize"])
    for c in ("half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel", "half_pixel_symmetric")
] + [
    (
        {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
        ["Resize"],
    ),
    ({"mode": "nearest"}, ["Resize"]),
]


@pytest.mark.parametrize(("attributes", "ops"), LEGAL)
def test_usual_doubling_stays_a_resize(attributes, ops):
    """What exporters write for a factor of two is what TFLite computes."""
    assert check_node("Resize", [noise(1, 20, 6, 8), None, scales(1, 1, 2, 2)], **attributes) == ops


def test_legal_resize_is_by_sizes():
    """The emitter finds sizes and three attributes."""
    graph, _ = node_graph("Resize", [noise(1, 2, 6, 8), None, scales(1, 1, 2, 2)], mode="linear")
    (node,) = legalise(graph, samples=[]).graph.proto().graph.node
    assert list(node.input)[1:3] == ["", ""]
    assert [a.name for a in node.attribute] == ["coordinate_transformation_mode", "mode"]


@pytest.mark.parametrize(
    ("attributes", "given_scales"),
    [
        ({"mode": "linear", "coordinate_transformation_mode": "half_pixel"}, (1, 1, 1.3, 1.3)),
        ({"mode": "cubic"}, (1, 1, 2, 2)),
        ({"mode": "nearest", "nearest_mode": "ceil"}, (1, 1, 3, 3)),
        ({"mode": "linear", "antialias": 1}, (1, 1, 0.5, 0.5)),
    ],
)
def test_what_tflite_computes_differently_is_rewritten(attributes, given_scales):
    """No Resize is left where TFLite's would differ."""
    ops = check_node("Resize", [noise(1, 2, 6, 8), None, scales(*given_scales)], **attributes)
    assert "Resize" not in ops


def test_resize_to_the_same_size_disappears():
    """Nothing is resized."""
    text = 'g (float[1,2,4,4] x) => (float y) { r = Resize <mode="cubic"> (x, , s) y = Relu (r) }'
    graph = text_graph(text, {"s": scales(1, 1, 1, 1)})
    assert check(graph, {"x": noise(1, 2, 4, 4)}) == ["Relu"]


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"mode": "cubic"}, "mode=cubic, antialias=0 on uint8"),
        ({"mode": "linear", "antialias": 1}, "mode=linear, antialias=1 on uint8"),
    ],
)
def test_how_other_integers_round_is_not_told(attributes, message):
    """Neither ONNX nor a kernel of ONNX Runtime's says how cubic and antialiased integers round."""
    x = np.zeros((1, 1, 4, 4), np.uint8)
    graph, _ = node_graph("Resize", [x, None, scales(1, 1, 0.5, 0.5)], **attributes)
    with pytest.raises(UnsupportedOperatorError, match=message):
        legalise(graph, samples=[])


def test_nearest_integers_are_copied():
    """Nearest works on any element type."""
    x = np.arange(12, dtype=np.int32).reshape(1, 1, 3, 4)
    check_node("Resize", [x, None, scales(1, 1, 2.5, 1.5)], mode="nearest")


@pytest.mark.parametrize("coordinates", ["half_pixel", "align_corners", "asymmetric"])
def test_antialiasing_copies_an_axis_whose_size_stays(coordinates):
    """1.3 times 3 cells are 3 cells: ONNX Runtime copies them, though the other axis is filtered."""
    attributes = {"mode": "cubic", "antialias": 1, "coordinate_transformation_mode": coordinates}
    check_node("Resize", [noise(1, 1, 3, 8), None, scales(1, 1, 1.3, 0.5)], **attributes)
    axis = Axis(size=3, resized=3, scale=float(np.float32(1.3)))
    method = Method(mode="cubic", coordinates=coordinates, antialias=True)
    np.testing.assert_array_equal(weights(axis, method), np.eye(3))


def test_an_antialiased_region_across_channels_is_refused():
    """ONNX Runtime reads the region at other axes there; along the last two axes it does not."""
    attributes = {
        "mode": "linear", "antialias": 1, "coordinate_transformation_mode": "tf_crop_and_resize",
    }  # fmt: skip
    region = np.array([0, -0.3, 0, 0, 1, 0.7, 1, 1], np.float32)
    graph, _ = node_graph("Resize", [noise(2, 3, 4, 2), region, scales(1, 0.6, 1.5, 1)], **attributes)
    with pytest.raises(UnsupportedOperatorError, match="along axes 1 and 2"):
        legalise(graph, samples=[])
    check_node("Resize", [noise(2, 3, 4, 2), region, scales(1, 1, 1.5, 2)], **attributes)


def _reference(axis, method):
    """The matrix that onnx.reference applies to one axis: its result for every unit vector."""
    from onnx.reference.ops.op_resize import _cubic_coeffs, _interpolate_nd, _linear_coeffs

    coefficients = {
        "linear": _linear_coeffs,
        "cubic": lambda ratio, scale: _cubic_coeffs(ratio, scale, A=method.cubic_a),
    }[method.mode]
    columns = [
        _interpolate_nd(
            unit, coefficients, output_size=[axis.resized],
            coordinate_transformation_mode=method.coordinates, exclude_outside=method.exclude_outside,
        )
        for unit in np.eye(axis.size)
    ]  # fmt: skip
    return np.stack(columns, axis=1)


@given(
    mode=st.sampled_from(["linear", "cubic"]),
    coordinates=st.sampled_from(COORDINATES),
    size=st.integers(2, 7),
    resized=st.integers(2, 12),
    outside=st.booleans(),
)
@more
def test_weights_are_those_of_the_reference(mode, coordinates, size, resized, outside):
    """The same matrix as the ONNX reference implementation."""
    assume(mode == "cubic" or not outside)
    axis = Axis(size=size, resized=resized, scale=float(np.float32(resized / size)))
    method = Method(mode=mode, coordinates=coordinates, exclude_outside=outside)
    np.testing.assert_allclose(weights(axis, method), _reference(axis, method), atol=1e-5)


@given(st.integers(1, 9), st.integers(1, 20), st.sampled_from(["linear", "cubic"]), st.booleans())
@more
def test_weights_sum_to_one(size, resized, mode, antialias):
    """A constant image stays constant."""
    axis = Axis(size=size, resized=resized, scale=resized / size)
    matrix = weights(axis, Method(mode=mode, coordinates="half_pixel", antialias=antialias))
    np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-9)


def test_ties_of_nearest():
    """The four roundings of a coordinate of one half."""
    axis = Axis(size=4, resized=2, scale=0.5)
    found = {
        mode: nearest_indices(axis, Method(mode="nearest", coordinates="half_pixel", nearest=mode)).tolist()
        for mode in NEAREST
    }
    assert found == {
        "round_prefer_floor": [0, 2],
        "round_prefer_ceil": [1, 3],
        "floor": [0, 2],
        "ceil": [1, 3],
    }


@pytest.mark.parametrize("coordinates", [*COORDINATES, "tf_crop_and_resize"])
@pytest.mark.parametrize("nearest", NEAREST)
def test_nearest_cells_are_those_of_onnx_runtime(coordinates, nearest):
    """Ties and near-ties of every transformation and rounding, at sizes and scales that make them."""
    attributes = {"mode": "nearest", "coordinate_transformation_mode": coordinates, "nearest_mode": nearest}
    region = np.array([0, 0.1, 1, 0.83], np.float32)
    for size in (3, 5, 13, 20):
        for scale in (0.3, 0.6, 1.5, 1.7, 2.5):
            cells = np.arange(1, size + 1, dtype=np.float32)[None]
            graph, feed = node_graph("Resize", [cells, region, scales(1, scale)], opset=19, **attributes)
            with open_graph(graph) as session:
                expected = session.run(feed)["y"][0]
            roi = (float(region[1]), float(region[3]))
            axis = Axis(size=size, resized=len(expected), scale=float(np.float32(scale)), roi=roi)
            method = Method(mode="nearest", coordinates=coordinates, nearest=nearest)
            found = np.where(outside(axis, coordinates), 0, cells[0, nearest_indices(axis, method)])
            np.testing.assert_array_equal(found, expected, err_msg=f"{size} by {scale}")


def test_near_ties_of_half_pixel_symmetric():
    """By sizes, 3 to 1 cells: 0.99999994 in ONNX Runtime, 1 where every step is float32."""
    check_node(
        "Resize", [noise(1, 1, 4, 6), None, scales(1, 1, 1.5, 2.5)], mode="nearest",
        coordinate_transformation_mode="half_pixel_symmetric", nearest_mode="ceil",
    )  # fmt: skip
    axis = Axis(size=3, resized=1, scale=float(np.float32(1) / np.float32(3)))
    for coordinates, cell in (("half_pixel_symmetric", 0), ("half_pixel", 1)):
        method = Method(mode="nearest", coordinates=coordinates, nearest="floor")
        assert nearest_indices(axis, method).tolist() == [cell]


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("coordinates", ["half_pixel", "asymmetric", "align_corners"])
def test_a_shape_that_stays_is_a_copy(mode, coordinates):
    """1.2 times 4 cells are 4 cells: ONNX Runtime copies them; one axis that grows, and it samples both."""
    attributes = {"mode": mode, "coordinate_transformation_mode": coordinates}
    check_node("Resize", [noise(1, 1, 4, 3), None, scales(1, 1, 1.2, 1.2)], **attributes)
    check_node("Resize", [noise(1, 1, 4, 3), None, scales(1, 1, 1.2, 2)], **attributes)
