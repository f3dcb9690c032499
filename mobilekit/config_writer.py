"""The ``mobilekit.toml`` that ``init`` writes: what the model tells, and ``"?"`` for what it does not."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mobilekit.config_tensors import UNKNOWN
from mobilekit.description import DEFAULT_VERSION
from mobilekit.tensors import DType, Layout, TensorSpec

_HEAD = """\
# What mobilekit has to know about this model, for every command run in this folder.
# Lines with "?" are for you to fill in: only the maker of the model knows them.

[model]
path = {path}
name = {name}
version = "{version}"           # part of the bundles' names
# summary = ""              # what the model does, who made it and under which terms it may be used:
# author = ""               # text for Core ML packages, where Xcode shows it
# license = ""
"""

_INPUT_IMAGE = """\
kind = "image"              # its shape could be a picture's; if it is not one: kind = "array", from = …
range = {unknown}                 # FILL IN: the values of black and white, such as [0.0, 1.0] or [-1.0, 1.0];
                            # or instead, in 0…255 units: mean = [124, 116, 104], std = [58, 57, 57]
color = {color}{pad}# {colors}
"""

_IMAGE_OF_BYTES = """\
kind = "image"              # its shape could be a picture's; if it is not one: kind = "array"{otherwise}
                            # uint8: its values are the photo's own, 0…255, and no range is needed
color = {color}{pad}# {colors}
"""

_INPUT_ARRAY = """\
kind = "array"
from = {unknown}                  # FILL IN: a .npy or .npz file, a folder of .npy files, or a model
                            # (.onnx) that computes it from photos; or instead of from: value = 0.5
"""

_INPUT_VECTOR = """\
kind = "array"
from = {unknown}                  # FILL IN: {length} numbers: if they are somebody's identity, the
                            # embedding model (.onnx) they come from, and the lines below;
                            # else a .npy or .npz file, or a folder of .npy files
# of = {of}{pad}# the image input whose photo is embedded
# projection = "emap.npy"   # if the embedding is multiplied by a matrix (vector @ matrix)
# normalize = true          # if it has length 1 (after the projection)
# [{table}.input]
# range = [-1.0, 1.0]       # what the embedding model's own input means
# color = "rgb"
# crop = "face"             # then also --face-detector, or a table [crop]
"""

_OUTPUT_IMAGE = """\
kind = "image"              # its shape could be a picture's; if it is not one: kind = "array", without range
range = {unknown}                 # FILL IN: the values of black and white
color = {color}{pad}# {colors}
"""

_OUTPUT_ARRAY = """\
kind = "array"
"""

_VECTOR = (128, 1024)
"""The lengths that embeddings of faces have."""


def starter_text(*, path: str, name: str, inputs: Iterable[TensorSpec], outputs: Iterable[TensorSpec]) -> str:
    """The file's text. In shapes, 0 is a dimension that the model leaves open."""
    parts = [_HEAD.format(path=_text(path), name=_text(name), version=DEFAULT_VERSION)]
    given = tuple(inputs)
    images = [spec.name for spec in given if image_layout(spec, channels=(3,)) is not None]
    for spec in given:
        array = _vector(spec, images) if images and _is_vector(spec) else _INPUT_ARRAY
        parts.append(_section("inputs", spec, _INPUT_IMAGE, array))
    parts += [_section("outputs", spec, _OUTPUT_IMAGE, _OUTPUT_ARRAY) for spec in outputs]
    return "\n".join(parts)


def image_layout(spec: TensorSpec, *, channels: tuple[int, ...] = (1, 3)) -> Layout | None:
    """The layout that makes a picture of ``spec``; None if its shape or type is no picture's.

    A proposal for a person to confirm, never a decision: that is what the file is for.
    """
    if len(spec.shape) != 4 or spec.dtype not in (DType.FLOAT16, DType.FLOAT32, DType.FLOAT64, DType.UINT8):
        return None
    # A dimension of 1 beside open or large ones: a picture is higher and wider than a few pixels.
    _, first, second, last = spec.shape
    if first in channels and all(side == 0 or side > 4 for side in (second, last)):
        return Layout.NCHW
    if last in channels and all(side == 0 or side > 4 for side in (first, second)):
        return Layout.NHWC
    return None


def _is_vector(spec: TensorSpec) -> bool:
    """Whether an input may be the vector that stands for a person: another proposal."""
    low, high = _VECTOR
    return (
        spec.dtype.is_float
        and len(spec.shape) == 2
        and spec.shape[0] in (0, 1)
        and low <= spec.shape[1] <= high
    )


def _vector(spec: TensorSpec, images: list[str]) -> str:
    """The text for it, names in place; of the image inputs the last, which is the source in most models."""
    of = _text(images[-1])
    escaped = of.replace("{", "{{").replace("}", "}}")
    filled = _INPUT_VECTOR.replace("{of}", escaped).replace("{pad}", " " * max(1, 21 - len(of)))
    return filled.replace("{length}", str(spec.shape[1]))


def _section(group: str, spec: TensorSpec, image: str, array: str) -> str:
    table = f"{group}.{_key(spec.name)}"
    head = f"[{table}]  # {spec.dtype} {_dimensions(spec.shape)}\n"
    # A map with one channel is a mask or a depth as often as a picture: as an output it is an array.
    layout = image_layout(spec, channels=(1, 3) if group == "inputs" else (3,))
    if layout is None:
        return head + array.format(table=table, unknown=_text(UNKNOWN))
    channels = spec.shape[1] if layout is Layout.NCHW else spec.shape[3]
    color, colors = ('"gray"', "one channel") if channels == 1 else ('"rgb"', 'or "bgr"')
    if spec.dtype is DType.UINT8:
        image = _IMAGE_OF_BYTES
    otherwise = ", from = …" if group == "inputs" else ""
    body = image.format(
        color=color,
        colors=colors,
        pad=" " * (20 - len(color)),
        unknown=_text(UNKNOWN),
        otherwise=otherwise,
    )
    return head + body


def _dimensions(shape: tuple[int, ...]) -> str:
    return "×".join("?" if side == 0 else str(side) for side in shape) or "scalar"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(value: str) -> str:
    """A TOML basic string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda m: f"\\u{ord(m[0]):04x}", escaped) + '"'
