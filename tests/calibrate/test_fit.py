"""Pixels become exactly the tensor that the description says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobilekit.calibrate.fit import image_fit
from mobilekit.calibrate.framing import crop_and_resize
from mobilekit.description import TensorDescription
from mobilekit.errors import DescriptionError
from mobilekit.tensors import DType, Layout, TensorSpec

PIXELS = np.random.default_rng(0).integers(0, 256, (32, 48, 3)).astype(np.uint8)


def spec(*shape: int, dtype: DType = DType.FLOAT32) -> TensorSpec:
    """An input of a shape."""
    return TensorSpec(name="x", dtype=dtype, shape=shape)


def image(**said: object) -> TensorDescription:
    """An image input."""
    return TensorDescription(kind="image", **{"range": (0.0, 1.0), **said})  # type: ignore[arg-type]


def test_range_is_the_value_of_black_and_white() -> None:
    """0 becomes the first number, 255 the second, exactly."""
    fit = image_fit(spec(1, 3, 16, 16), image(range=(-1.0, 1.0)))
    assert fit.table[:, 0].tolist() == [-1.0] * 3
    assert fit.table[:, 255].tolist() == [1.0] * 3


def test_mean_and_std_in_color_order() -> None:
    """(v - mean) / std per channel; with bgr the first channel is blue."""
    said = image(range=None, mean=(1.0, 2.0, 3.0), std=(10.0, 20.0, 40.0), color="bgr")
    fit = image_fit(spec(1, 3, 32, 48), said)
    tensor = fit.tensor([PIXELS])
    blue = ((PIXELS[..., 2] - 1.0) / 10.0).astype(np.float32)
    red = ((PIXELS[..., 0] - 3.0) / 40.0).astype(np.float32)
    assert np.array_equal(tensor[0, 0], blue)
    assert np.array_equal(tensor[0, 2], red)


@pytest.mark.parametrize(
    ("shape", "layout"), [((1, 3, 32, 48), "nchw"), ((1, 32, 48, 3), "nhwc"), ((3, 32, 48), "nchw")]
)
def test_layouts(shape: tuple[int, ...], layout: str) -> None:
    """Channels first, channels last, and without a batch: the same pixels."""
    tensor = image_fit(spec(*shape), image()).tensor([PIXELS])
    assert tensor.shape == shape
    planes = tensor.reshape(shape[-3:]) if layout == "nchw" else np.moveaxis(tensor[0], -1, 0)
    assert np.array_equal(np.rint(planes * 255), np.moveaxis(PIXELS, -1, 0))


def test_gray_and_batches() -> None:
    """A grey input takes luma; a batch takes one crop each."""
    fit = image_fit(spec(2, 1, 32, 48), image(color="gray", range=(0.0, 255.0)))
    tensor = fit.tensor([PIXELS, np.zeros_like(PIXELS)])
    luma = PIXELS @ np.array([0.299, 0.587, 0.114])
    assert np.abs(tensor[0, 0] - luma).max() <= 1
    assert not tensor[1].any()


def test_integer_inputs_are_raw() -> None:
    """A uint8 input takes the bytes, an int8 one bytes minus 128; a range it cannot hold is an error."""
    raw = image_fit(spec(1, 3, 32, 48, dtype=DType.UINT8), image(range=None)).tensor([PIXELS])
    assert np.array_equal(raw[0], np.moveaxis(PIXELS, -1, 0))
    low = image_fit(spec(1, 3, 32, 48, dtype=DType.INT8), image(range=(-128.0, 127.0))).tensor([PIXELS])
    assert np.array_equal(low[0].astype(int) + 128, np.moveaxis(PIXELS, -1, 0))
    for dtype, ends in ((DType.UINT8, (-1.0, 1.0)), (DType.INT8, (0.0, 255.0))):
        with pytest.raises(DescriptionError, match="cannot hold"):
            image_fit(spec(1, 3, 8, 8, dtype=dtype), image(range=ends))


def test_centre_crop_keeps_the_aspect() -> None:
    """A wide photo loses its sides, a tall one its top and bottom, and nothing is stretched."""
    wide = np.zeros((40, 120, 3), np.uint8)
    wide[:, 40:80] = 200
    assert (crop_and_resize(wide, 20, 20)[:, 2:-2] >= 199).all()
    tall = np.swapaxes(wide, 0, 1)
    assert (crop_and_resize(tall, 20, 20)[2:-2] >= 199).all()


def test_resize_is_antialiased() -> None:
    """A one-pixel checkerboard shrinks to grey, not to black or white."""
    board = (np.indices((256, 256)).sum(axis=0) % 2 * 255).astype(np.uint8)[..., None].repeat(3, axis=2)
    small = crop_and_resize(board, 20, 20).astype(int)
    assert np.abs(small[1:-1, 1:-1] - 127.5).max() < 12


@pytest.mark.parametrize(
    ("shape", "said", "match"),
    [
        ((1, 4, 8, 8), image(), "has no rgb image layout"),
        ((1, 3, 8, 3), image(), "has no rgb image layout"),
        ((1, 8), image(), "has no rgb image layout"),
        ((1, 4, 8, 8), image(layout=Layout.NCHW), "has 4 channels in layout nchw"),
        ((1, 3, 8, 8), image(range=None), "does not say the values of black and white"),
        ((1, 3, 8, 8), image(range=(1.0, 1.0)), "is empty"),
        ((1, 3, 8, 8), image(range=None, mean=(1.0, 1.0, 1.0)), "only one of mean and std"),
        ((1, 3, 8, 8), image(range=None, mean=(1.0,), std=(1.0,)), "needs 3 values"),
        ((1, 3, 8, 8), image(range=None, mean=(1.0,) * 3, std=(1.0, 0.0, 1.0)), "std not 0"),
    ],
)
def test_unfit_descriptions(shape: tuple[int, ...], said: TensorDescription, match: str) -> None:
    """What a description does not settle is an error that names the input, never a guess."""
    with pytest.raises(DescriptionError, match=match) as caught:
        image_fit(spec(*shape), said)
    assert "x" in caught.value.message


@given(rows=st.integers(16, 1300), columns=st.integers(16, 1300), side=st.sampled_from([224, 270, 97, 416]))
@settings(derandomize=True, max_examples=200, deadline=None, database=None)
def test_any_photo_fits_any_input(rows: int, columns: int, side: int) -> None:
    """No size of photo or input makes the window leave the photo by rounding."""
    pixels = np.zeros((rows, columns, 3), np.uint8)
    assert crop_and_resize(pixels, side, 224).shape == (side, 224, 3)


def test_photos_that_rounding_pushed_outside() -> None:
    """Sizes whose window came out at -1e-14."""
    for rows, columns in ((900, 1600), (900, 1200), (900, 1920)):
        crop_and_resize(np.zeros((rows, columns, 3), np.uint8), 224, 224)
