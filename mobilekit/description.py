"""What a model's inputs and outputs mean: the tables ``[inputs.NAME]``, ``[outputs.NAME]`` and ``[crop]``.

Values only; ``mobilekit.toml`` is read by :mod:`mobilekit.config`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from mobilekit.tensors import Layout

DEFAULT_VERSION = "0.1.0"
"""What ``init`` writes, and what a file means that does not say."""

Kind = Literal["image", "array"]
Color = Literal["rgb", "bgr", "gray"]
Crop = Literal["center", "face", "none"]
Boxes = Literal["corners", "centers"]
NoFace = Literal["center", "skip"]

Numbers = float | tuple["Numbers", ...]
"""A number (or truth value), or rows of them, or rows of rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorDescription:
    """The meaning of one input or output.

    An image's values are ``(v - mean) / std`` for ``v`` in 0…255 and per channel in the order of
    ``color``; ``range`` (the values of black and white) is the other way to say the same. ``crop`` is
    the part of a photo that is shown: the centre, the surroundings of the face (it takes ``face_size``
    of the picture's height, its middle lies at ``face_center``, shares of width and height), or all of
    it, stretched or, with ``pad`` (grey or a value per channel, 0…255), letterboxed. An image input
    with ``of`` shows the same photo as that input.

    ``source`` is where an array input's values come from (the key ``from``): a .npy or .npz file, a
    folder of .npy files, or an embedding model (.onnx) applied to the photos of the image input ``of``;
    ``embedding`` describes that model's own input (the table ``[inputs.NAME.input]``) and ``output``
    names one of its outputs, which is multiplied by the matrix ``projection`` and brought to length 1
    (``normalize``). ``value`` are numbers written down instead.
    """

    kind: Kind = "array"
    range: tuple[float, float] | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    color: Color = "rgb"
    layout: Layout | None = None
    crop: Crop = "center"
    pad: tuple[float, ...] | None = None
    face_size: float = 0.5
    face_center: tuple[float, float] = (0.5, 0.5)
    source: str | None = None
    of: str | None = None
    embedding: TensorDescription | None = None
    output: str | None = None
    projection: str | None = None
    normalize: bool = False
    value: Numbers | None = None

    @property
    def channels(self) -> int:
        """Number of channels of an image of this colour order."""
        return 1 if self.color == "gray" else 3

    @property
    def says_values(self) -> bool:
        """Whether it says what values black and white have."""
        return self.range is not None or self.mean is not None

    def affine(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """``(mean, std)`` per channel, in 0…255 units, so that value = (v - mean) / std."""
        if self.mean is not None and self.std is not None:
            return self.mean, self.std
        low, high = self.range if self.range is not None else (0.0, 255.0)
        std = 255.0 / (high - low)
        return (-low * std,) * self.channels, (std,) * self.channels

    def layout_of(self, shape: tuple[int, ...]) -> Layout | None:
        """The image layout of a tensor of ``shape``; None if the shape does not tell."""
        if self.layout is not None:
            return self.layout
        first = len(shape) == 4 and shape[1] == self.channels
        last = len(shape) == 4 and shape[3] == self.channels
        if first == last:
            return None
        return Layout.NCHW if first else Layout.NHWC


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceDescription:
    """The table ``[crop]``: the model that finds faces, and which of its boxes are faces.

    ``detector`` is an .onnx file and ``input`` what its own input means. A box is a face from ``score``
    on; of two that overlap by more than ``overlap`` (intersection over union) the better one counts.
    ``boxes`` are two corners, or centre and size. Photos without a face show their centre or are left
    out (``missing``).
    """

    detector: str | None = None
    input: TensorDescription | None = None
    boxes: Boxes = "corners"
    score: float = 0.7
    overlap: float = 0.3
    missing: NoFace = "center"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDescription:
    """``mobilekit.toml``: the model's path, name, version, and what its tensors mean.

    ``summary``, ``author`` and ``license`` go into packages that have a place for them (Core ML's).
    ``folder`` is what relative paths in the descriptions start from. ``unfinished`` maps the keys that
    still say ``"?"`` (such as ``inputs.image.range``) to their place (``mobilekit.toml:12``).
    """

    name: str
    version: str = DEFAULT_VERSION
    summary: str = ""
    author: str = ""
    license: str = ""
    path: Path | None = None
    folder: Path = field(default_factory=Path)
    inputs: Mapping[str, TensorDescription] = field(default_factory=dict)
    outputs: Mapping[str, TensorDescription] = field(default_factory=dict)
    faces: FaceDescription = field(default_factory=FaceDescription)
    unfinished: Mapping[str, str] = field(default_factory=dict)

    def cropping(self, *, crop: Crop | None = None, detector: str | None = None) -> ModelDescription:
        """The same model with this crop for every image input, and with this face detector."""
        inputs = {name: _cropped(said, crop) for name, said in self.inputs.items()} if crop else self.inputs
        faces = replace(self.faces, detector=detector) if detector else self.faces
        return replace(self, inputs=inputs, faces=faces)


def _cropped(said: TensorDescription, crop: Crop) -> TensorDescription:
    embedding = replace(said.embedding, crop=crop) if said.embedding is not None else None
    return replace(said, crop=crop if said.kind == "image" else said.crop, embedding=embedding)


def shows_faces(description: ModelDescription, inputs: Iterable[str]) -> bool:
    """Whether one of the inputs shows the face on a photo, or the embedding model of one does."""
    said = [description.inputs[name] for name in inputs if name in description.inputs]
    own = [each.embedding for each in said if each.embedding is not None]
    return any(each.kind == "image" and each.crop == "face" for each in (*said, *own))
