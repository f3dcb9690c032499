"""Which part of a photo an image input shows, for the manifest: an app must cut as calibration did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mobilekit.description import TensorDescription

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mobilekit.description import FaceDescription, ModelDescription


def crop_of(said: TensorDescription, faces: FaceDescription) -> dict[str, Any]:
    """The part of a photo that an image input shows, as JSON values.

    ``pad`` (0…255 per channel) is null where all of a photo is stretched. Of faces: the share of the
    picture's height that a face's box takes, where its middle lies (shares of width and height), from which
    score a box is a face, and what became of photos without one. The detector is no part of a package.
    """
    if said.crop == "none":
        return {"part": "none", "pad": list(said.pad) if said.pad else None}
    if said.crop == "face":
        return {
            "part": "face",
            "face_size": said.face_size,
            "face_center": list(said.face_center),
            "score": faces.score,
            "missing": faces.missing,
        }
    return {"part": "center"}


def with_crops(inputs: Sequence[dict[str, Any]], description: ModelDescription) -> list[dict[str, Any]]:
    """The manifest's ``inputs``, images with ``crop``."""
    return [
        {**each, "image": {**each["image"], "crop": crop_of(_said(description, each), description.faces)}}
        if each["image"] is not None
        else each
        for each in inputs
    ]


def _said(description: ModelDescription, entry: dict[str, Any]) -> TensorDescription:
    return description.inputs.get(entry["name"], TensorDescription())
