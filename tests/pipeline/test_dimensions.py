"""Only what a model leaves open is filled, and only where it is known to be a picture or a batch."""

from __future__ import annotations

import onnx
import pytest

from mobilekit.description import ModelDescription, TensorDescription
from mobilekit.pipeline.dimensions import open_shapes
from mobilekit.pipeline.job import Fill
from mobilekit.tensors import Layout
from tests.pipeline.support import write_model

IMAGE = TensorDescription(kind="image", range=(0.0, 1.0))
FILL = Fill(size=(48, 64), batch=1)


def _shapes(folder, shape: str, said: TensorDescription | None, fill: Fill = FILL):
    text = f'<ir_version: 8, opset_import: ["": 17]> g (float[{shape}] x) => (float[{shape}] y) {{ y = Abs (x) }}'
    path = write_model(folder, onnx.parser.parse_model(text))
    description = ModelDescription(name="net", inputs={"x": said} if said else {})
    return open_shapes(path, description, fill)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("batch,3,height,width", (1, 3, 48, 64)),
        ("1,3,height,200", (1, 3, 48, 200)),
        ("batch,height,width,3", (1, 48, 64, 3)),
        ("anything,1,h,w", (1, 1, 48, 64)),
    ],
)
def test_images_are_filled(tmp_path, shape, expected):
    """Height and width by their place in the layout; fixed ones stay."""
    assert _shapes(tmp_path, shape, IMAGE) == {"x": expected}


def test_fixed_shapes_are_left_alone(tmp_path):
    """A target's size is not a resize."""
    assert _shapes(tmp_path, "1,3,8,8", IMAGE) == {}


def test_open_channels_are_not_guessed(tmp_path):
    """Nothing is given; reading the model then says what to give."""
    assert _shapes(tmp_path, "1,c,h,w", IMAGE) == {}


@pytest.mark.parametrize(
    ("shape", "expected"), [("batch,5", {"x": (1, 5)}), ("N,5", {"x": (1, 5)}), ("words,5", {})]
)
def test_arrays_are_filled_only_where_a_dimension_is_called_a_batch(tmp_path, shape, expected):
    """Any other open dimension could be a length."""
    assert _shapes(tmp_path, shape, TensorDescription(kind="array")) == expected


def test_undescribed_pictures_are_not_guessed(tmp_path):
    """What is an image is said, never read off a shape."""
    assert _shapes(tmp_path, "1,3,h,w", None) == {}


def test_given_shapes_win(tmp_path):
    """Over the target's size."""
    fill = Fill(size=(48, 64), batch=1, shapes={"x": (2, 3, 8, 8)})
    assert _shapes(tmp_path, "n,3,h,w", IMAGE, fill) == {"x": (2, 3, 8, 8)}


def test_declared_layout_wins_over_the_shape(tmp_path):
    """Where a shape could be either."""
    said = TensorDescription(kind="image", range=(0.0, 1.0), layout=Layout.NHWC)
    assert _shapes(tmp_path, "1,h,w,3", said) == {"x": (1, 48, 64, 3)}
