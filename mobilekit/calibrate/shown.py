"""What each input shows of each photo, as pictures to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mobilekit.calibrate.crops import Crops
from mobilekit.calibrate.fit import ImageFit, image_fit
from mobilekit.calibrate.onnx_of_photos import open_photo_model

if TYPE_CHECKING:
    from mobilekit.calibrate.faces import Faces
    from mobilekit.calibrate.framing import Pixels
    from mobilekit.calibrate.photos import Photos
    from mobilekit.description import ModelDescription
    from mobilekit.tensors import TensorSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPicture:
    """A photo as an input shows it; ``input`` is ``NAME.input`` for the embedding model of input NAME."""

    input: str
    photo: str
    pixels: Pixels


def shown_pictures(
    inputs: tuple[TensorSpec, ...], description: ModelDescription, photos: Photos, faces: Faces | None
) -> Iterator[ShownPicture]:
    """Every photo in every input that shows any, photo by photo; none is kept.

    Raises DescriptionError where what is said about an input does not fit it.
    """
    fits = _fits(inputs, description)
    crops = Crops(photos, faces)
    for index, name in enumerate(photos.names):
        for key, fit in fits.items():
            yield ShownPicture(input=key, photo=name, pixels=crops.picture(fit, index))


def _fits(inputs: tuple[TensorSpec, ...], description: ModelDescription) -> dict[str, ImageFit]:
    found = {}
    for spec in inputs:
        said = description.inputs.get(spec.name)
        if said is not None and said.kind == "image":
            found[spec.name] = image_fit(spec, said)
        elif said is not None and said.source is not None and said.embedding is not None:
            session, _ = open_photo_model(description.folder / said.source, f"[inputs.{spec.name}] from")
            with session:
                found[f"{spec.name}.input"] = image_fit(session.inputs[0], said.embedding)
    return found
