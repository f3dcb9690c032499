"""Any picture a user may have becomes upright sRGB, or an error that names it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from mobilekit.calibrate.decode import check, decode
from mobilekit.errors import PhotoError

GRADIENT = np.stack(
    [
        np.tile(np.arange(0, 240, 6, dtype=np.uint8), (30, 1)),
        np.tile(np.arange(30, dtype=np.uint8)[:, None] * 8, (1, 40)),
        np.full((30, 40), 90, np.uint8),
    ],
    axis=-1,
)


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> io.BytesIO:
    """A picture as a file in memory."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    stream.seek(0)
    return stream


def test_rgb_is_what_was_saved() -> None:
    """A plain PNG comes back to the last bit."""
    assert np.array_equal(decode(encoded(Image.fromarray(GRADIENT)), "a.png"), GRADIENT)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "BMP", "TIFF", "GIF"])
def test_formats(kind: str) -> None:
    """The usual formats are read, lossy ones nearly exactly."""
    pixels = decode(encoded(Image.fromarray(GRADIENT), kind), "a")
    assert pixels.shape == GRADIENT.shape
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - GRADIENT).mean() < 6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(orientation: int) -> None:
    """A photo taken with a turned phone comes back upright."""
    transform = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: np.swapaxes(a, 0, 1),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.swapaxes(np.rot90(a, 2), 0, 1),
        8: lambda a: np.rot90(a, 1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = encoded(Image.fromarray(GRADIENT), exif=exif)
    assert np.array_equal(decode(stored, "a.png"), transform(GRADIENT))


def test_gray_and_palette() -> None:
    """Grey pictures have three equal channels; palettes become their colours."""
    gray = np.ascontiguousarray(GRADIENT[..., 0])
    pixels = decode(encoded(Image.fromarray(gray)), "a")
    assert all(np.array_equal(pixels[..., c], gray) for c in range(3))
    palette = Image.fromarray(GRADIENT).quantize(16)
    assert np.array_equal(decode(encoded(palette), "a"), np.asarray(palette.convert("RGB")))


def test_sixteen_bit_is_scaled_not_clipped() -> None:
    """0…65535 becomes 0…255, where a plain conversion would clip at 255."""
    wide = (np.arange(30 * 40, dtype=np.uint32).reshape(30, 40) * 54).astype(np.uint16)
    pixels = decode(encoded(Image.fromarray(wide)), "a.png")
    assert np.abs(pixels[..., 0] - wide / 257.0).max() <= 0.5


def test_cmyk() -> None:
    """A printer's JPEG becomes RGB: full yellow has no blue."""
    image = Image.new("CMYK", (32, 32), (0, 0, 255, 0))
    red, green, blue = decode(encoded(image, "JPEG", quality=95), "a.jpg").reshape(-1, 3).mean(axis=0)
    assert red > 240
    assert green > 200
    assert blue < 60


def test_transparency_shows_white() -> None:
    """What is transparent is white; what is half transparent is half white."""
    image = np.zeros((20, 20, 4), np.uint8)
    image[:10, :, 3] = 255
    image[10:, 10:, 3] = 128
    pixels = decode(encoded(Image.fromarray(image)), "a.png")
    assert pixels[0, 0].tolist() == [0, 0, 0]
    assert pixels[15, 0].tolist() == [255, 255, 255]
    assert pixels[15, 15].tolist() == [127, 127, 127]


def test_icc_profile_is_converted() -> None:
    """A profile of other primaries changes the pixels; sRGB's own does not; a damaged one is ignored."""
    image = Image.fromarray(GRADIENT)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(decode(encoded(image, icc_profile=srgb), "a"), GRADIENT)
    swapped = bytearray(srgb)
    red, blue = swapped.find(b"rXYZ"), swapped.find(b"bXYZ")
    swapped[red : red + 4], swapped[blue : blue + 4] = b"bXYZ", b"rXYZ"
    for text in (b"s\0R\0G\0B", b"sRGB"):  # its description must not say sRGB any more
        swapped = bytearray(swapped.replace(text, text.replace(b"s", b"x")))
    pixels = decode(encoded(image, icc_profile=bytes(swapped)), "a")
    assert np.abs(pixels.astype(int) - GRADIENT).max() > 20
    assert np.array_equal(decode(encoded(image, icc_profile=b"not a profile"), "a"), GRADIENT)


def test_bad_files_are_named() -> None:
    """Nothing, something else, half a photo and a tracking dot are errors with the photo's name."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8))
    whole = encoded(noise, "JPEG").getvalue()
    tiny = encoded(Image.new("RGB", (1, 1)))
    heic = io.BytesIO(b"\0\0\0\x18ftypheic" + bytes(64))
    for stream, said in (
        (io.BytesIO(b""), "empty"),
        (io.BytesIO(b"<html>not a photo</html>"), "not an image"),
        (tiny, "too small"),
        (heic, "HEIC"),
        (io.BytesIO(whole[:40]), "truncated"),
    ):
        with pytest.raises(PhotoError, match=said) as caught:
            check(stream, "selfie.jpg")
        assert "selfie.jpg" in str(caught.value)
    with pytest.raises(PhotoError, match="truncated"):
        decode(io.BytesIO(whole[: len(whole) // 2]), "selfie.jpg")


def test_decompression_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture beyond twice Pillow's limit is refused from its header; below it only Pillow would warn."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40 * 30)
    check(encoded(Image.new("1", (50, 40))), "large.png")
    with pytest.raises(PhotoError, match="too large"):
        check(encoded(Image.new("1", (100, 100))), "bomb.png")


def test_floating_point_pixels_are_refused() -> None:
    """Where white is unknown, nothing is guessed."""
    with pytest.raises(PhotoError, match="floating-point"):
        decode(encoded(Image.fromarray(np.ones((20, 20), np.float32)), "TIFF"), "hdr.tif")
