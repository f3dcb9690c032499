"""What a model's inputs and outputs mean: the tables ``[inputs.NAME]`` and ``[outputs.NAME]``.

Values only; ``mobilekit.toml`` is read by :mod:`mobilekit.config`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mobilekit.tensors import Layout

DEFAULT_VERSION = "0.1.0"
"""What ``init`` writes, and what a file means that does not say."""

Kind = Literal["image", "array"]
Color = Literal["rgb", "bgr", "gray"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorDescription:
    """The meaning of one input or output.

    An image's values are ``(v - mean) / std`` for ``v`` in 0…255 and per channel in the order of
    ``color``; ``range`` (the values of black and white) is the other way to say the same.
    ``source`` is where an array input's values come from (the key ``from``): a .npy file, a folder
    of them, or an embedding model (.onnx) applied to the photos of the image input ``of``;
    ``embedding`` describes that model's own input (the table ``[inputs.NAME.input]``).
    """

    kind: Kind = "array"
    range: tuple[float, float] | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    color: Color = "rgb"
    layout: Layout | None = None
    source: str | None = None
    of: str | None = None
    embedding: TensorDescription | None = None

    @property
    def channels(self) -> int:
        """Number of channels of an image of this colour order."""
        return 1 if self.color == "gray" else 3

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
class ModelDescription:
    """``mobilekit.toml``: the model's path, name, version, and what its tensors mean.

    ``folder`` is what relative paths in the descriptions start from. ``unfinished`` maps the keys that
    still say ``"?"`` (such as ``inputs.image.range``) to their place (``mobilekit.toml:12``).
    """

    name: str
    version: str = DEFAULT_VERSION
    path: Path | None = None
    folder: Path = field(default_factory=Path)
    inputs: Mapping[str, TensorDescription] = field(default_factory=dict)
    outputs: Mapping[str, TensorDescription] = field(default_factory=dict)
    unfinished: Mapping[str, str] = field(default_factory=dict)
