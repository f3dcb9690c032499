"""Feeds for any mix of inputs: photos paired, arrays matched, everything missing said with its remedy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from mobilekit.calibrate.faces import Face, Faces
from mobilekit.calibrate.inputs import input_samples, split
from mobilekit.calibrate.photos import DrawnPhoto, PhotoSet, photo_set
from mobilekit.description import FaceDescription, ModelDescription, TensorDescription
from mobilekit.errors import DescriptionError, InputDataError, MissingPhotosError
from mobilekit.tensors import DType, TensorSpec
from tests.calibrate.support import drawn, spot, write_detector

IMAGE = TensorDescription(kind="image", range=(0.0, 255.0))


def image(name: str, *shape: int) -> TensorSpec:
    """An image input."""
    return TensorSpec(name=name, dtype=DType.FLOAT32, shape=shape or (1, 3, 16, 16))


def photos(count: int, seen: list[int] | None = None) -> PhotoSet:
    """Photos of one grey each: photo i shows i."""

    def draw(value: int) -> np.ndarray:
        if seen is not None:
            seen.append(value)
        return np.full((20, 24, 3), value, np.uint8)

    return photo_set(
        DrawnPhoto(name=f"p{i:02}", digest=f"{i}", draw=lambda i=i: draw(i)) for i in range(count)
    )


def described(folder: Path = Path(), **inputs: TensorDescription) -> ModelDescription:
    """A description of these inputs."""
    return ModelDescription(name="m", folder=folder, inputs=inputs)


def shown(feed: dict, *names: str) -> tuple[int, ...]:
    """The first element of each named input."""
    return tuple(int(feed[name].ravel()[0]) for name in names)


def test_pairs_of_photos() -> None:
    """Photo i goes with photo i + n/2; three inputs are a third apart; each feed has all inputs."""
    two = input_samples((image("a"), image("b")), described(a=IMAGE, b=IMAGE), photos=photos(6))
    assert [shown(feed, "a", "b") for feed in two] == [(0, 3), (1, 4), (2, 5), (3, 0), (4, 1), (5, 2)]
    three = input_samples(
        (image("a"), image("b"), image("c")), described(a=IMAGE, b=IMAGE, c=IMAGE), photos=photos(6)
    )
    assert shown(three[0], "a", "b", "c") == (0, 2, 4)


def test_halves_pair_within_themselves() -> None:
    """No photo that scores is seen while calibrating, not even as somebody's partner."""
    samples = input_samples((image("a"), image("b")), described(a=IMAGE, b=IMAGE), photos=photos(6))
    calibration, scoring = split(samples)
    assert {v for feed in calibration for v in shown(feed, "a", "b")} == {0, 2, 4}
    assert {v for feed in scoring for v in shown(feed, "a", "b")} == {1, 3, 5}


def test_photos_are_decoded_once_for_several_inputs() -> None:
    """Nothing is decoded before it is asked for, and no photo twice, at whatever sizes it is shown."""
    seen: list[int] = []
    inputs = (image("a"), image("b"), image("small", 1, 3, 8, 8))
    said = described(a=IMAGE, b=IMAGE, small=replace(IMAGE, of="a"))
    samples = input_samples(inputs, said, photos=photos(4, seen))
    assert seen == []
    list(samples)
    assert sorted(seen) == [0, 1, 2, 3]


def test_batch_takes_successive_photos() -> None:
    """A batch of two shows photo i and i + 1."""
    feed = input_samples((image("a", 2, 3, 16, 16),), described(a=IMAGE), photos=photos(3))[2]
    assert feed["a"][:, 0, 0, 0].tolist() == [2, 0]


def test_arrays_beside_photos(tmp_path: Path) -> None:
    """Array samples go with the photos in order, and start over when there are fewer."""
    np.save(tmp_path / "ids.npy", np.arange(2, dtype=np.int64)[:, None])
    ids = TensorSpec(name="id", dtype=DType.INT64, shape=(1, 1))
    said = described(tmp_path, a=IMAGE, id=TensorDescription(source="ids.npy"))
    samples = input_samples((image("a"), ids), said, photos=photos(3))
    assert [shown(feed, "a", "id") for feed in samples] == [(0, 0), (1, 1), (2, 0)]
    assert samples[0]["id"].dtype == np.int64


def test_data_overrides_the_description(tmp_path: Path) -> None:
    """`--input NAME=file` is taken even for an image, and then no photos are needed."""
    np.save(tmp_path / "a.npy", np.full((2, 3, 16, 16), 7, np.float32))
    samples = input_samples((image("a"),), described(a=IMAGE), photos=None, data={"a": tmp_path / "a.npy"})
    assert len(samples) == 2
    assert shown(samples[1], "a") == (7,)


def test_embedding_of_a_photo(tmp_path: Path) -> None:
    """An embedding is of the photo that its image input shows, in each feed."""
    model = """<ir_version: 8, opset_import: ["": 17]>
    g (float[1, 3, 16, 16] image) => (float[1, 3, 1, 1] mean) { mean = GlobalAveragePool(image) }"""
    onnx.save(onnx.parser.parse_model(model), tmp_path / "mean.onnx")
    ids = TensorSpec(name="id", dtype=DType.FLOAT32, shape=(1, 3))
    source = TensorDescription(source="mean.onnx", of="b", embedding=IMAGE)
    said = described(tmp_path, a=IMAGE, b=IMAGE, id=source)
    samples = input_samples((image("a"), ids, image("b")), said, photos=photos(4))
    assert [shown(feed, "b", "id") for feed in samples] == [(2, 2), (3, 3), (0, 0), (1, 1)]


def test_missing_photos_and_data_say_the_remedy() -> None:
    """No photos for an image and no data for an array are errors with the flag that helps."""
    with pytest.raises(MissingPhotosError, match="a is an image") as photos_missing:
        input_samples((image("a"),), described(a=IMAGE), photos=None)
    assert "--photos" in photos_missing.value.hint
    with pytest.raises(InputDataError, match=r"input b \(float32 \[1, 3, 16, 16\]\)") as data_missing:
        input_samples((image("a"), image("b")), described(a=IMAGE), photos=photos(2))
    assert "--input b=" in data_missing.value.hint
    with pytest.raises(InputDataError, match="no input c"):
        input_samples((image("a"),), described(a=IMAGE), photos=photos(2), data={"c": Path("c.npy")})
    with pytest.raises(DescriptionError, match="black and white"):
        input_samples((image("a"),), described(a=TensorDescription(kind="image")), photos=photos(2))


def test_digest_follows_everything_but_places(tmp_path: Path) -> None:
    """Photos, meanings, shapes and data change the digest; the folder they lie in does not."""
    np.save(tmp_path / "a.npy", np.zeros((1, 2), np.float32))
    (tmp_path / "copy").mkdir()
    np.save(tmp_path / "copy" / "b.npy", np.zeros((1, 2), np.float32))
    np.save(tmp_path / "c.npy", np.ones((1, 2), np.float32))
    ids = TensorSpec(name="id", dtype=DType.FLOAT32, shape=(1, 2))

    def digest(count: int, name: str, said: TensorDescription = IMAGE, side: int = 16) -> str:
        inputs = (image("a", 1, 3, side, side), ids)
        data = {"id": tmp_path / name}
        return input_samples(inputs, described(a=said), photos=photos(count), data=data).digest

    base = digest(2, "a.npy")
    assert base == digest(2, "copy/b.npy")
    other = TensorDescription(kind="image", range=(0.0, 1.0))
    changed = [digest(3, "a.npy"), digest(2, "c.npy"), digest(2, "a.npy", other), digest(2, "a.npy", side=32)]
    assert len({base, *changed}) == 5


def test_two_inputs_of_one_photo() -> None:
    """An image input with `of` shows the photo of the other, at its own size; pairs are of the others."""
    inputs = (image("small", 1, 3, 8, 8), image("a"), image("b"))
    said = described(small=replace(IMAGE, of="b"), a=IMAGE, b=IMAGE)
    samples = input_samples(inputs, said, photos=photos(4))
    assert [shown(feed, "a", "b", "small") for feed in samples] == [
        (0, 2, 2),
        (1, 3, 3),
        (2, 0, 0),
        (3, 1, 1),
    ]
    assert samples[0]["small"].shape == (1, 3, 8, 8)
    for wrong in ("small", "nobody"):
        with pytest.raises(DescriptionError, match=f"of = '{wrong}' is no image input") as caught:
            input_samples(
                inputs, described(small=replace(IMAGE, of=wrong), a=IMAGE, b=IMAGE), photos=photos(4)
            )
        assert "a, b" in caught.value.hint


def test_pairs_are_of_different_people() -> None:
    """Target and source show two people, where the photos say who is on them."""
    people = ["anna", "anna", "ben", "anna", "anna", "anna"]
    known = photo_set(
        DrawnPhoto(
            name=f"{i}", digest=f"{i}", person=person, draw=lambda i=i: np.full((20, 20, 3), i, np.uint8)
        )
        for i, person in enumerate(people)
    )
    samples = input_samples((image("a"), image("b")), described(a=IMAGE, b=IMAGE), photos=known)
    pairs = [shown(feed, "a", "b") for feed in samples]
    assert pairs == [(0, 2), (1, 2), (2, 5), (3, 2), (4, 2), (5, 2)]
    assert samples.notes == ()
    alone = photo_set(replace(file, person="anna") for file in known.files)
    told = input_samples((image("a"), image("b")), described(a=IMAGE, b=IMAGE), photos=alone).notes
    assert told == ("all photos are of anna: inputs a, b show the same person",)
    assert input_samples((image("a"),), described(a=IMAGE), photos=alone).notes == ()


def test_numbers_in_the_description() -> None:
    """A ratio that is written down needs no file; several take turns."""
    ratio = TensorSpec(name="ratio", dtype=DType.FLOAT32, shape=(1, 1))
    said = described(a=IMAGE, ratio=TensorDescription(value=(0.25, 0.5)))
    samples = input_samples((image("a"), ratio), said, photos=photos(3))
    assert [float(feed["ratio"][0, 0]) for feed in samples] == [0.25, 0.5, 0.25]
    other = replace(said, inputs={**said.inputs, "ratio": TensorDescription(value=(0.25, 0.75))})
    assert input_samples((image("a"), ratio), other, photos=photos(3)).digest != samples.digest


def test_masks_go_with_their_photos(tmp_path: Path) -> None:
    """Arrays that are named like photos follow them into both halves, whatever their order."""
    for i in (3, 1, 0, 2):
        np.save(tmp_path / f"p{i:02}.npy", np.full((1, 1), i, np.float32))
    mask = TensorSpec(name="mask", dtype=DType.FLOAT32, shape=(1, 1))
    said = described(tmp_path, a=IMAGE, mask=TensorDescription(source="."))
    samples = input_samples((image("a"), mask), said, photos=photos(4))
    _, scoring = split(samples)
    assert [shown(feed, "a", "mask") for feed in scoring] == [(1, 1), (3, 3)]
    renamed = photo_set(replace(file, name=f"p{3 - i:02}") for i, file in enumerate(photos(4).files))
    unlike = photo_set(replace(file, name=f"x{i}") for i, file in enumerate(photos(4).files))
    swapped = input_samples((image("a"), mask), said, photos=renamed)
    assert shown(swapped[0], "a", "mask") == (3, 0)
    assert (
        len({s.digest for s in (samples, swapped, input_samples((image("a"), mask), said, photos=unlike))})
        == 3
    )


class TestFaces:
    """What inputs with `crop = "face"` show."""

    inputs = (image("whole"), image("face"))

    def said(self, folder: Path, **faces: object) -> ModelDescription:
        write_detector(folder / "det.onnx")
        near = replace(IMAGE, crop="face", face_size=0.5, of="whole")
        return ModelDescription(
            name="m",
            folder=folder,
            inputs={"whole": IMAGE, "face": near},
            faces=FaceDescription(
                detector="det.onnx", input=TensorDescription(kind="image", range=(0.0, 1.0)), **faces
            ),
        )

    def test_only_the_inputs_that_want_it(self, tmp_path: Path) -> None:
        """The one shows the photo's centre, the other the face in the middle, half as high as the picture."""
        samples = input_samples(self.inputs, self.said(tmp_path), photos=drawn({"a": spot(2, 5)}))
        bright = samples[0]["face"][0, 0] > 128
        assert bright[5:11, 5:11].all()
        assert bright.sum() < 110
        assert 2 <= (samples[0]["whole"][0, 0] > 128).sum() <= 6
        assert samples.notes == ()

    def test_photos_without_a_face(self, tmp_path: Path) -> None:
        """They show their centre and are named, or are left out; if nothing is left it is an error."""
        dark = np.full((96, 96, 3), 40, np.uint8)
        pictures = drawn({"a": dark, "b": spot(2, 5), "c": dark, "d": dark, "e": dark})
        samples = input_samples(self.inputs, self.said(tmp_path), photos=pictures)
        assert np.array_equal(samples[0]["face"], samples[0]["whole"])
        assert samples.notes == ("no face found on 4 of 5 photos, their centre is shown: a, c, d, …",)
        assert split(samples)[1].notes == samples.notes
        left = input_samples(self.inputs, self.said(tmp_path, missing="skip"), photos=pictures)
        assert left.names == ("b",)
        assert "left out" in left.notes[0]
        with pytest.raises(MissingPhotosError, match="no face found on any of the 1 photos") as caught:
            input_samples(self.inputs, self.said(tmp_path, missing="skip"), photos=drawn({"a": dark}))
        assert "score" in caught.value.hint

    def test_faces_given_are_not_looked_for(self, tmp_path: Path) -> None:
        """Boxes that are known already are used, and are part of the digest."""
        said = self.said(tmp_path)
        photos = drawn({"a": spot(2, 5)})
        found = input_samples(self.inputs, said, photos=photos)
        (tmp_path / "det.onnx").unlink()
        box = Face(box=(5 / 8, 2 / 8, 6 / 8, 3 / 8), score=1.0)
        given = input_samples(self.inputs, said, photos=photos, faces=Faces(by_source={"a": (box,)}))
        assert np.array_equal(given[0]["face"], found[0]["face"])
        elsewhere = Faces(by_source={"a": (replace(box, box=(0.0, 0.0, 0.5, 0.5)),)})
        assert input_samples(self.inputs, said, photos=photos, faces=elsewhere).digest != given.digest

    def test_an_embedding_may_want_the_face(self, tmp_path: Path) -> None:
        """The embedding model's own table says what it is shown, whatever the input itself shows."""
        model = """<ir_version: 8, opset_import: ["": 17]>
        g (float[1, 3, 16, 16] image) => (float[1, 3, 1, 1] mean) { mean = GlobalAveragePool(image) }"""
        onnx.save(onnx.parser.parse_model(model), tmp_path / "mean.onnx")
        ids = TensorSpec(name="id", dtype=DType.FLOAT32, shape=(1, 3))
        near = replace(IMAGE, crop="face", face_size=1.0)
        said = self.said(tmp_path)
        said = replace(
            said,
            inputs={"whole": IMAGE, "id": TensorDescription(source="mean.onnx", embedding=near)},
        )
        feed = input_samples((image("whole"), ids), said, photos=drawn({"a": spot(2, 5)}))[0]
        assert feed["id"].min() > 200 > 60 > feed["whole"].mean()
