"""What is described as an image and cannot be a pixel buffer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mobilekit.convert.coreml.images import image_of
from mobilekit.convert.coreml.lints.lint import Lint
from mobilekit.convert.coreml.lints.sources import COREMLTOOLS_IMAGES
from mobilekit.errors import DescriptionError

if TYPE_CHECKING:
    from mobilekit.description import TensorDescription
    from mobilekit.tensors import TensorSpec


def impossible_images(
    specs: Sequence[TensorSpec], described: Mapping[str, TensorDescription]
) -> Iterator[Lint]:
    """A lint per input or output that ``io = "image"`` would refuse."""
    for spec in specs:
        try:
            image_of(spec, described.get(spec.name))
        except DescriptionError as error:
            yield Lint(
                rule="image", node=spec.name, what=error.message, todo=error.hint, source=COREMLTOOLS_IMAGES
            )
