"""Faces are found once per set of pictures and kept, and what was found is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mobilekit import pipeline
from mobilekit.calibrate.photos import read_photos
from mobilekit.errors import DescriptionError, UsageError
from mobilekit.pipeline import faces as module
from mobilekit.pipeline.faces import faces_of
from mobilekit.pipeline.job import Fill, Job, cropping, described
from mobilekit.store.cas import Store
from tests.calibrate.support import spot, write_detector
from tests.pipeline.support import write_config, write_model

OWN = '[model]\npath = "det.onnx"\n[inputs.photo]\nkind = "image"\nrange = [0.0, 1.0]\n'


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A model, photos (one without a face), a detector and its description."""
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path)
    write_config(tmp_path)
    write_detector(tmp_path / "det.onnx")
    (tmp_path / "det.toml").write_text(OWN)
    (tmp_path / "photos").mkdir()
    for name, pixels in (("a", spot(2, 5)), ("b", spot(4, 4)), ("c", np.zeros((40, 40, 3), np.uint8))):
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{name}.png")
    return tmp_path


def _job(here: Path, **said: str) -> Job:
    path, description, _ = described(Path("tiny.onnx"), config=None, inputs=None, **said)
    return Job(
        model=path,
        model_key={"file": "x", "external": {}},
        description=description,
        photos=read_photos(here / "photos"),
        data={},
        samples=None,
        fill=Fill(),
        store=Store(here / "store"),
    )


def test_found_once(here, monkeypatch):
    """A second job with the same pictures takes the faces from the store; another detector does not."""
    first = faces_of(_job(here, crop="face", face_detector="det.onnx"), ["image"])
    assert first is not None
    assert [bool(found) for found in first.by_source.values()].count(True) == 2
    calls = []
    monkeypatch.setattr(module, "find_faces", lambda *a, **k: calls.append(1) or first)
    assert faces_of(_job(here, crop="face", face_detector="det.onnx"), ["image"]) == first
    assert calls == []
    (here / "det.toml").write_text(OWN.replace("1.0", "2.0"))
    faces_of(_job(here, crop="face", face_detector="det.onnx"), ["image"])
    assert calls == [1]


def test_not_looked_for_in_vain(here):
    """No input shows a face, or its data was given: no detector is needed."""
    assert faces_of(_job(here), ["image"]) is None
    assert faces_of(_job(here, crop="face"), ["other"]) is None
    with pytest.raises(DescriptionError, match="none is named"):
        faces_of(_job(here, crop="face"), ["image"])


def test_photos_without_faces_are_told(here):
    """The artifact says which photos had none."""
    artifact = pipeline.convert(
        "tiny.onnx", out="build", photos="photos", crop="face", face_detector="det.onnx"
    )
    assert "no face found on 1 of 3 photos, their centre is shown: c.png" in artifact.meta["warnings"]


def test_flags_that_do_not_fit(here):
    """Another crop, and a detector that nothing asks for, are usage errors."""
    _, description, _ = described(Path("tiny.onnx"), config=None, inputs=None)
    with pytest.raises(UsageError, match="'middle'") as unknown:
        cropping(description, crop="middle", face_detector=None)
    assert "center, face, none" in unknown.value.hint
    with pytest.raises(UsageError, match="no input shows faces"):
        cropping(description, crop=None, face_detector="det.onnx")
    said = cropping(description, crop="face", face_detector="det.onnx")
    assert said.faces.detector == str(here / "det.onnx")


def test_names_of_photos_count_where_arrays_follow_them(here):
    """A job with a folder of arrays depends on what its photos are called; others do not."""
    (here / "masks").mkdir()
    job = _job(here)
    keys = [job.key(), replace(job, data={"mask": here / "masks"}).key()]
    (here / "photos" / "a.png").rename(here / "photos" / "a2.png")
    job = _job(here)
    assert keys[0] == job.key()
    assert keys[1] != replace(job, data={"mask": here / "masks"}).key()
