"""Apps read in the manifest which part of a photo the model was calibrated with."""

from __future__ import annotations

from typing import Any

import pytest

from mobilekit.description import FaceDescription, ModelDescription, TensorDescription
from mobilekit.package.crop import crop_of, with_crops

FACES = FaceDescription(detector="models/rfb.onnx", score=0.8, missing="skip")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (TensorDescription(kind="image"), {"part": "center"}),
        (TensorDescription(kind="image", crop="none"), {"part": "none", "pad": None}),
        (TensorDescription(kind="image", crop="none", pad=(9.0,)), {"part": "none", "pad": [9.0]}),
        (
            TensorDescription(kind="image", crop="face", face_size=0.6, face_center=(0.5, 0.4)),
            {
                "part": "face",
                "face_size": 0.6,
                "face_center": [0.5, 0.4],
                "score": 0.8,
                "missing": "skip",
            },
        ),
    ],
    ids=["center", "stretched", "letterbox", "face"],
)
def test_the_part_of_a_photo_is_told(said: TensorDescription, expected: dict[str, Any]) -> None:
    """What the description says; of a detector nothing that names a file."""
    assert crop_of(said, FACES) == expected


def test_only_images_show_a_part() -> None:
    """Arrays stay as they are, and so does what was given."""
    inputs = [{"name": "x", "image": {"color": "rgb"}}, {"name": "v", "image": None}]
    description = ModelDescription(name="net", inputs={"x": TensorDescription(kind="image", crop="none")})
    found = with_crops(inputs, description)
    assert found[0]["image"] == {"color": "rgb", "crop": {"part": "none", "pad": None}}
    assert found[1] == inputs[1]
    assert inputs[0]["image"] == {"color": "rgb"}
