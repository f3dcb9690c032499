"""Any picture a user may have becomes upright sRGB, or an error that names it."""

from __future__ import annotations

import io
import zlib

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


def with_primaries(*primaries: tuple[float, float, float]) -> bytes:
    """An ICC profile like sRGB's, of other primaries (XYZ for D50), that does not call itself sRGB."""
    text = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for name, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True):
        entry = text.index(name)
        start = int.from_bytes(text[entry + 4 : entry + 8], "big") + 8
        fixed = b"".join(round(value * 65536).to_bytes(4, "big", signed=True) for value in xyz)
        text[start : start + 12] = fixed
    return bytes(text).replace(b"s\0R\0G\0B", b"x\0R\0G\0B").replace(b"sRGB", b"xRGB")


P3 = with_primaries((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))
"""Display P3, what phones' photos are in."""


def grey_profile(gamma: float) -> bytes:
    """An ICC profile of one channel."""
    curve = b"curv" + bytes(4) + (1).to_bytes(4, "big") + round(gamma * 256).to_bytes(2, "big") + bytes(2)
    return icc_profile(b"GRAY", b"XYZ ", {b"kTRC": curve, b"wtpt": WHITE})


def cmyk_profile(lab: np.ndarray) -> bytes:
    """An ICC profile of four inks by a table of 2×2×2×2 Lab values (bytes)."""
    matrix = b"".join(value.to_bytes(4, "big") for value in (65536, 0, 0, 0, 65536, 0, 0, 0, 65536))
    line = bytes(range(256))
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + matrix + line * 4 + lab.tobytes() + line * 3
    return icc_profile(b"CMYK", b"Lab ", {b"A2B0": table, b"wtpt": WHITE}, kind=b"prtr")


WHITE = b"XYZ " + bytes(4) + b"".join(round(v * 65536).to_bytes(4, "big") for v in (0.9642, 1.0, 0.8249))


def icc_profile(space: bytes, connection: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr") -> bytes:
    """A version 2 profile with these tags and a description."""
    name = b"desc" + bytes(4) + (5).to_bytes(4, "big") + b"test\0" + bytes(78)
    tags = {**tags, b"desc": name, b"cprt": b"text" + bytes(4) + b"none\0"}
    entries, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for key, value in tags.items():
        padded = value + bytes(-len(value) % 4)
        entries += key + (start + len(body)).to_bytes(4, "big") + len(value).to_bytes(4, "big")
        body += padded
    size = (start + len(body)).to_bytes(4, "big")
    head = size + bytes(4) + b"\x02\x10\0\0" + kind + space + connection + bytes(12) + b"acsp" + bytes(28)
    head += b"".join(round(v * 65536).to_bytes(4, "big") for v in (0.9642, 1.0, 0.8249))
    return head.ljust(128, b"\0") + len(tags).to_bytes(4, "big") + entries + body


def test_display_p3() -> None:
    """A phone's colours become sRGB's by the two colour spaces' definitions, within a step or two."""
    colour = (180, 120, 90)
    image = Image.new("RGB", (32, 32), colour)
    linear = np.where(
        np.array(colour) / 255 <= 0.04045,
        np.array(colour) / 255 / 12.92,
        ((np.array(colour) / 255 + 0.055) / 1.055) ** 2.4,
    )
    to_srgb = np.array(
        [[1.22494, -0.22494, 0.0], [-0.042057, 1.042057, 0.0], [-0.019638, -0.078636, 1.098274]]
    )
    mixed = to_srgb @ linear
    expected = 255 * np.where(mixed <= 0.0031308, 12.92 * mixed, 1.055 * mixed ** (1 / 2.4) - 0.055)
    for kind in ("PNG", "TIFF"):
        pixels = decode(encoded(image, kind, icc_profile=P3), "a")
        assert np.abs(pixels[0, 0] - expected).max() <= 2
    assert np.abs(pixels[0, 0].astype(int) - colour).max() >= 5


def test_grey_profiles() -> None:
    """Grey of another gamma becomes sRGB's grey, with and without alpha, of 8 and of 16 bits."""
    expected = 1.055 * (128 / 255) ** (1 / 2.4) * 255 - 0.055 * 255  # linear light 128/255
    linear = grey_profile(1.0)
    plain = Image.new("L", (20, 20), 128)
    alpha = Image.merge("LA", (plain, Image.new("L", (20, 20), 255)))
    wide = Image.fromarray(np.full((20, 20), 128 * 257, np.uint16))
    for image in (plain, alpha, wide):
        pixels = decode(encoded(image, icc_profile=linear), "a.png")
        assert np.abs(pixels - expected).max() <= 1.5, image.mode
    assert decode(encoded(plain), "a.png")[0, 0].tolist() == [128, 128, 128]


def test_profiles_of_another_space_do_not_matter() -> None:
    """A grey profile on colours is ignored; one of colours on grey converts it like colours."""
    colours = Image.fromarray(GRADIENT)
    assert np.array_equal(decode(encoded(colours, icc_profile=grey_profile(1.0)), "a"), GRADIENT)
    grey = Image.new("L", (20, 20), 128)
    pixels = decode(encoded(grey, icc_profile=P3), "a")
    assert np.abs(pixels.astype(int) - 128).max() <= 1


def test_transparent_colours_are_converted_before_they_are_mixed() -> None:
    """Half transparent P3 is the sRGB colour, half white."""
    layer = Image.new("RGBA", (20, 20), (200, 40, 40, 128))
    opaque = decode(encoded(Image.new("RGB", (20, 20), (200, 40, 40)), icc_profile=P3), "a")[0, 0]
    mixed = decode(encoded(layer, icc_profile=P3), "a")[0, 0]
    assert np.abs(mixed - (opaque * (128 / 255) + 127)).max() <= 1.5


def test_cmyk_by_its_profile() -> None:
    """Inks look as their profile says: here cyan prints red."""
    lab = np.full((2, 2, 2, 2, 3), (0, 128, 128), np.uint8)
    lab[0, 0, 0, 0] = (255, 128, 128)
    lab[1, 0, 0, 0] = (136, 128 + 78, 128 + 66)  # Lab of sRGB's red, nearly
    cyan = Image.new("CMYK", (32, 32), (255, 0, 0, 0))
    profile = cmyk_profile(lab)
    for kind in ("JPEG", "TIFF"):
        pixels = decode(encoded(cyan, kind, icc_profile=profile), "a")
        assert pixels[5, 5, 0] > 230, kind
        assert pixels[5, 5, 1:].max() < 60, kind
    plain = decode(encoded(cyan, "TIFF"), "a")[5, 5]
    assert plain[0] < 60 < plain[2]


def test_lab() -> None:
    """A TIFF in Lab has a meaning of its own."""
    image = Image.merge("LAB", [Image.new("L", (20, 20), value) for value in (137, 128, 128)])
    pixels = decode(encoded(image, "TIFF"), "a.tif")
    assert np.abs(pixels[0, 0].astype(int) - pixels[0, 0].mean()).max() <= 2
    assert 120 < pixels.mean() < 140


def test_sixteen_bits_a_colour() -> None:
    """A PNG of 16 bits a channel is within a step of its eighth-bit value."""
    wide = np.linspace(0, 65535, 20 * 20 * 3).astype(">u2").reshape(20, 20, 3)
    rows = b"".join(b"\0" + row.tobytes() for row in wide)

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
        )

    header = (20).to_bytes(4, "big") * 2 + bytes((16, 2, 0, 0, 0))
    png = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    pixels = decode(io.BytesIO(png), "a.png")
    assert np.abs(pixels - wide / 257).max() <= 1


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
