"""One encoded picture → upright H×W×3 uint8 pixels in sRGB."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from mobilekit.errors import PhotoError

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL import Image

    Pixels = npt.NDArray[np.uint8]

MINIMUM_SIDE = 16
"""Photos with a shorter side (in pixels) are taken for tracking dots or broken files."""

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif")
    + (".heic", ".heif")
)
"""File names that promise a photo. HEIC is here so that an iPhone's photos are never skipped unsaid."""

_FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "BMP", "DIB", "TIFF", "GIF", "AVIF")
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1")
_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"II*\0", b"MM\0*", b"GIF8")
_REPLACE = "replace the file, or remove it from the photos"
_CONVERT = "convert it to JPEG or PNG, or remove it from the photos"


def check(stream: BinaryIO, name: str) -> None:
    """Raise PhotoError unless ``stream`` starts like a picture of usable size; decodes no pixels."""
    _open(stream, name)


def decode(stream: BinaryIO, name: str, *, side: int | None = None) -> Pixels:
    """The picture as a viewer shows it: H×W×3 uint8, sRGB, first frame of an animation.

    With ``side`` a JPEG may come out smaller, in a fraction of the time, but no side under ``side``.

    EXIF orientation is applied; an embedded ICC profile is converted to sRGB (a damaged profile is
    ignored, as browsers do); transparent parts show white, what viewers and paper show; 16-bit
    samples are rounded to 8. Raises PhotoError naming the photo if it is truncated or damaged.
    """
    from PIL import ImageOps

    image = _open(stream, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about metadata; damage to pixels raises
        try:
            if side is not None:
                image.draft(None, (side, side))
            image.load()
            profile = image.info.get("icc_profile")
            upright = ImageOps.exif_transpose(image)
            return np.asarray(_over_white(_eight_bit(upright, name), profile))
        except PhotoError:
            raise
        except Exception as error:  # Pillow's codecs raise nearly anything on damaged data
            message = f"photo {name} is damaged or truncated: {error}"
            raise PhotoError(message, hint=_REPLACE) from error


def _open(stream: BinaryIO, name: str) -> Image.Image:
    """The opened picture (header only), its size checked."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns at half its limit: 90 megapixels are a phone's photo
        Image.init()  # else formats that are not loaded yet are unknown
        try:
            image = Image.open(stream, formats=[f for f in _FORMATS if f in Image.OPEN])
        except Image.DecompressionBombError as error:
            message = f"photo {name} is too large: {error}"
            raise PhotoError(message, hint="scale it down, or remove it from the photos") from error
        except Exception as error:
            raise _not_an_image(stream, name) from error
    if min(image.size) < MINIMUM_SIDE:
        size, least = f"{image.width}×{image.height}", f"{MINIMUM_SIDE}×{MINIMUM_SIDE}"
        message = f"photo {name} is too small: {size}, at least {least} expected"
        raise PhotoError(message, hint="remove it from the photos")
    return image


def _not_an_image(stream: BinaryIO, name: str) -> PhotoError:
    """Why the bytes cannot be opened, as well as it can be told."""
    stream.seek(0)
    head = stream.read(32)
    if not head:
        return PhotoError(f"photo {name} is empty (0 bytes)", hint="remove it from the photos")
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return PhotoError(f"photo {name} is HEIC, which cannot be decoded here", hint=_CONVERT)
    if head.startswith(_BEGINNINGS):
        return PhotoError(f"photo {name} is truncated or damaged in its header", hint=_REPLACE)
    return PhotoError(f"photo {name} is not an image (JPEG, PNG, WebP, BMP, TIFF, GIF, AVIF)", hint=_CONVERT)


def _eight_bit(image: Image.Image, name: str) -> Image.Image:
    """``image`` with 8 bits a sample (16-bit grey is divided by 257, not clipped)."""
    from PIL import Image

    if image.mode == "F":
        message = f"photo {name} has floating-point pixels, whose white is unknown"
        raise PhotoError(message, hint=_CONVERT)
    if not image.mode.startswith("I"):
        return image
    wide = np.clip(np.asarray(image, dtype=np.int64), 0, 65535)
    return Image.fromarray(((wide + 128) // 257).astype(np.uint8), "L")


def _over_white(image: Image.Image, profile: bytes | None) -> Image.Image:
    """``image`` in sRGB, its transparent parts white; colours are converted first, as viewers do."""
    from PIL import Image

    if not image.has_transparency_data:
        return _to_srgb(_plain(image), profile)
    alpha = image.convert("RGBA").getchannel("A")
    colours = _to_srgb(_plain(image), profile)
    return Image.composite(colours, Image.new("RGB", image.size, (255, 255, 255)), alpha)


def _plain(image: Image.Image) -> Image.Image:
    """``image`` as grey, RGB, CMYK or Lab, without palette and alpha."""
    if image.mode in ("1", "L", "LA", "La"):
        return image.convert("LA").getchannel("L")
    return image if image.mode in ("RGB", "CMYK", "LAB") else image.convert("RGBA").convert("RGB")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """``image`` in sRGB, by its ICC profile where it has a usable one."""
    from PIL import ImageCms

    target = ImageCms.createProfile("sRGB")
    if image.mode == "LAB":  # its own definition, whatever profile lies beside it
        return _converted(image, ImageCms.createProfile("LAB"), target)
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            space = source.profile.xcolor_space.strip()
            said = ImageCms.getProfileDescription(source).lower()
            if space == "RGB" and "srgb" in said and "linear" not in said:
                return image.convert("RGB")
            fitting = image.convert("RGB") if space == "RGB" and image.mode == "L" else image
            return _converted(fitting, source, target)
        except (ImageCms.PyCMSError, ValueError, OSError):
            return image.convert("RGB")  # a damaged profile, or one of another colour space
    return image.convert("RGB")


def _converted(image: Image.Image, source: object, target: object) -> Image.Image:
    from PIL import ImageCms

    transform = ImageCms.buildTransform(source, target, image.mode, "RGB")
    return transform.apply(image)
