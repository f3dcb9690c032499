"""Faces are found by the user's detector, wherever it is described, each picture looked at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from mobilekit.calibrate.faces import Faces, find_faces, open_detector
from mobilekit.calibrate.photos import DrawnPhoto, photo_set
from mobilekit.description import FaceDescription, ModelDescription, TensorDescription
from mobilekit.errors import DescriptionError, ModelFileError
from tests.calibrate.support import drawn, spot, write_detector

UNIT = TensorDescription(kind="image", range=(0.0, 1.0))


def described(folder: Path, **said: object) -> ModelDescription:
    """A model whose photos are searched by ``det.onnx``."""
    given = {"detector": "det.onnx", "input": UNIT, **said}
    return ModelDescription(name="m", folder=folder, faces=FaceDescription(**given))


@pytest.mark.parametrize("pixels", [False, True])
def test_the_face_is_where_it_is(tmp_path: Path, pixels: bool) -> None:
    """Boxes as shares or in pixels become shares of the photo; a dark photo has no face."""
    write_detector(tmp_path / "det.onnx", pixels=pixels)
    photos = drawn({"a": spot(2, 5), "dark": np.zeros((40, 60, 3), np.uint8)})
    faces = find_faces(photos, described(tmp_path))
    assert faces.box("a") == pytest.approx((5 / 8, 2 / 8, 6 / 8, 3 / 8))
    assert faces.box("dark") is None
    assert faces.by_source["a"][0].score > 0.9


def test_letterboxed_detectors_find_the_same_place(tmp_path: Path) -> None:
    """Where the detector sees a letterbox, boxes are still shares of the photo."""
    write_detector(tmp_path / "det.onnx")
    wide = np.full((64, 128, 3), 20, np.uint8)
    wide[16:32, 32:48] = 250  # one cell of 8 × 8, as wide as high, in the letterboxed picture
    said = described(
        tmp_path, input=TensorDescription(kind="image", range=(0.0, 1.0), pad=(0.0,), crop="none")
    )
    box = find_faces(drawn({"a": wide}), said).box("a")
    assert box == pytest.approx((32 / 128, 16 / 64, 48 / 128, 32 / 64))


def test_best_face_first(tmp_path: Path) -> None:
    """The most confident face counts; the score it needs is said in [crop]."""
    write_detector(tmp_path / "det.onnx")
    two = spot(1, 1)
    two[60:72, 60:72] = 200  # cell (5, 5), less bright
    photos = drawn({"a": two})
    found = find_faces(photos, described(tmp_path)).by_source["a"]
    assert [face.box[:2] for face in found] == [(1 / 8, 1 / 8), (5 / 8, 5 / 8)]
    assert len(find_faces(photos, described(tmp_path, score=0.9)).by_source["a"]) == 1


def test_versions_of_a_picture_are_looked_at_once(tmp_path: Path) -> None:
    """Photos made from the same one share its faces; progress counts all photos."""
    write_detector(tmp_path / "det.onnx")
    seen: list[str] = []

    def draw(name: str) -> np.ndarray:
        seen.append(name)
        return spot(0, 0)

    photos = photo_set(
        DrawnPhoto(name=n, digest=n, draw=lambda n=n: draw(n), made_from="x") for n in ("day", "night")
    )
    steps: list[tuple[int, int]] = []
    faces = find_faces(photos, described(tmp_path), progress=lambda done, total: steps.append((done, total)))
    assert list(faces.by_source) == ["x"]
    assert seen == ["day"]
    assert steps == [(0, 2), (1, 2), (2, 2)]


def test_json_round_trip(tmp_path: Path) -> None:
    """What is kept is what was found, to the last bit; the digest follows the boxes."""
    write_detector(tmp_path / "det.onnx")
    faces = find_faces(drawn({"a": spot(2, 5), "b": spot(1, 1)}), described(tmp_path))
    assert Faces.from_json(faces.to_json()) == faces
    assert Faces().digest != faces.digest


def test_a_description_of_its_own(tmp_path: Path) -> None:
    """A file beside the detector, or named in its place, says what its input means; [crop.input] goes first."""
    write_detector(tmp_path / "det.onnx")
    own = '[model]\npath = "det.onnx"\n[inputs.photo]\nkind = "image"\nrange = [0.0, 1.0]\n'
    (tmp_path / "det.toml").write_text(own)
    photos = drawn({"a": spot(2, 5)})
    for said in (described(tmp_path, input=None), described(tmp_path, input=None, detector="det.toml")):
        assert find_faces(photos, said).box("a") == pytest.approx((5 / 8, 2 / 8, 6 / 8, 3 / 8))
    dim = TensorDescription(kind="image", range=(0.0, 0.5))
    assert find_faces(photos, described(tmp_path, input=dim)).box("a") is None


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    """No detector, no file, nothing about its input, open sides: typed errors with what to do."""
    with pytest.raises(DescriptionError, match="none is named") as unnamed:
        open_detector(ModelDescription(name="m"))
    assert "--face-detector" in unnamed.value.hint
    with pytest.raises(ModelFileError, match=r"det\.onnx"):
        open_detector(described(tmp_path))
    write_detector(tmp_path / "det.onnx")
    with pytest.raises(DescriptionError, match="what the input photo of face detector") as silent:
        open_detector(described(tmp_path, input=None))
    assert "[crop.input]" in silent.value.hint
    with pytest.raises(
        DescriptionError, match=r"det\.onnx, as \[crop\.input\] describes it: .*black and white"
    ):
        open_detector(described(tmp_path, input=TensorDescription(kind="image")))
    (tmp_path / "det.toml").write_text(
        '[model]\npath = "det.onnx"\n[inputs.photo]\nkind = "image"\nrange = "?"\n'
    )
    with pytest.raises(DescriptionError, match=r"as det\.toml describes it: .*black and white"):
        open_detector(described(tmp_path, input=None))
    model = onnx.load(tmp_path / "det.onnx")
    model.graph.input[0].type.tensor_type.shape.dim[3].dim_param = "width"
    onnx.save(model, tmp_path / "det.onnx")
    with pytest.raises(DescriptionError, match="photo") as still_open:
        open_detector(described(tmp_path))
    assert "fixed height and width" in still_open.value.hint
