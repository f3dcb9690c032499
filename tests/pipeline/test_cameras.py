"""Calibration photos through cameras, in convert and package."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from PIL import Image

import mobilekit
from mobilekit.calibrate.isp.profile import CameraProfile
from mobilekit.calibrate.isp.profile_file import named_profile
from mobilekit.calibrate.photos import read_photos
from mobilekit.description import ModelDescription, TensorDescription
from mobilekit.errors import CameraError, UsageError
from mobilekit.pipeline.cameras import camera_items, through_cameras
from mobilekit.pipeline.job import Fill, Job, opened_cameras
from mobilekit.pipeline.opened import open_job
from mobilekit.store.cas import Store

MODEL = """
<ir_version: 10, opset_import: ["" : 21]>
g (float[1, 3, 16, 16] image, float[1, 4] who) => (float[1, 3, 16, 16] fused, float[1, 4] said)
{ fused = Tanh (image)  said = Sigmoid (who) }
"""
IMAGE = TensorDescription(kind="image", range=(0.0, 1.0))
CAMERAS = (named_profile("night"), named_profile("iphone"), CameraProfile(name="plain"))


@pytest.fixture
def folder(tmp_path):
    """Six photos, each a ramp of greys, and a vector for each."""
    for index in range(6):
        pixels = np.full((24, 24, 3), 60 + 30 * index, np.uint8)
        pixels += np.arange(24, dtype=np.uint8)[:, None]
        (tmp_path / "photos").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / f"photos/{index}.png")
    np.save(tmp_path / "who.npy", np.arange(24, dtype=np.float32).reshape(6, 4))
    onnx.save(onnx.parser.parse_model(MODEL), tmp_path / "net.onnx")
    return tmp_path


def job(folder, **changes) -> Job:
    said = ModelDescription(name="net", folder=folder, inputs={"image": IMAGE})
    known = {
        "model": folder / "net.onnx",
        "model_key": {},
        "description": said,
        "photos": read_photos(folder / "photos"),
        "data": {"who": folder / "who.npy"},
        "samples": None,
        "fill": Fill(),
        "store": Store(folder / "store"),
    }
    return Job(**{**known, **changes})


def test_only_calibration_is_taken_with_cameras(folder):
    """Scoring and verification see the photos as they are; calibration sees each through the cameras."""
    plain, taken = open_job(job(folder)), open_job(job(folder, cameras=CAMERAS))
    assert taken.scoring.digest == plain.scoring.digest
    assert taken.verification.digest == plain.verification.digest
    assert plain.calibration is not None
    assert taken.calibration is not None
    assert plain.calibration.names == ("0.png", "2.png", "4.png")
    assert taken.calibration.names == tuple(
        f"{c}/{p}.png" for p in (0, 2, 4) for c in ("iphone", "night", "plain")
    )
    assert taken.calibration.digest != plain.calibration.digest
    assert taken.warnings() == plain.warnings() == ()


def test_arrays_stay_with_their_photos(folder):
    """The vector of photo i goes with every picture of photo i, and an idle camera's picture is the photo."""
    plain, taken = open_job(job(folder)), open_job(job(folder, cameras=CAMERAS))
    vectors = [feed["who"][0, 0] for feed in taken.calibration]
    assert vectors == [0, 0, 0, 8, 8, 8, 16, 16, 16]
    for index in range(3):
        assert taken.calibration[3 * index + 2]["image"] == pytest.approx(
            plain.calibration[index]["image"], abs=0.5 / 255
        )
        assert not np.allclose(
            taken.calibration[3 * index + 1]["image"], plain.calibration[index]["image"], atol=0.1
        )


def test_no_images_no_cameras(folder):
    """Samples without photos are what they are."""
    feeds = [{"image": np.zeros((1, 3, 16, 16), np.float32), "who": np.zeros((1, 4), np.float32)}] * 2
    given = job(folder, cameras=CAMERAS, photos=None, data={}, samples=feeds)
    assert (
        open_job(given).calibration.digest
        == open_job(job(folder, photos=None, data={}, samples=feeds)).calibration.digest
    )
    opened = open_job(job(folder))
    assert through_cameras(job(folder), opened.source, opened.plain) is opened.plain


def test_items_take_turns():
    """Photos in their order; with many of them, each meets as many cameras as there is room for, in turn."""
    assert camera_items((0, 2), photos=4, cameras=3, each=9) == [0, 4, 8, 2, 6, 10]
    assert camera_items((0, 1, 2, 3), photos=4, cameras=3, each=1) == [0, 5, 10, 3]
    assert camera_items((1, 3, 5), photos=6, cameras=3, each=2) == [1, 7, 15, 3, 11, 17]


def test_key_covers_cameras(folder):
    """A result belongs to its cameras' numbers, not to their names."""
    keys = [job(folder, cameras=cameras).key() for cameras in ((), CAMERAS[:1], CAMERAS[1:2])]
    assert keys[0] != keys[1] != keys[2]
    renamed = CameraProfile(name="other")
    assert job(folder, cameras=(renamed,)).key() == job(folder, cameras=CAMERAS[2:]).key()


def test_keyword(folder):
    """camera= takes names, files and profiles; unknown ones and contradictions are told."""
    assert [c.name for c in opened_cameras("night,iphone")] == ["iphone", "night"]
    assert opened_cameras("none") == ()
    for camera, error in (("pixel", CameraError), ("none,night", UsageError)):
        with pytest.raises(error):
            mobilekit.convert(folder / "net.onnx", out=folder / "out", camera=camera)


def test_convert_and_package_take_cameras(folder, cli):
    """--camera reaches the plan: command and keyword give the same bytes, and another camera another plan."""
    model = "g (float[1, 3, 16, 16] image) => (float[1, 3, 16, 16] fused) { t = Conv <pads = [1,1,1,1]> (image, w)  fused = Relu (t) }"
    weights = np.random.default_rng(0).standard_normal((3, 3, 3, 3)).astype(np.float32)
    proto = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : 21]> {model}')
    proto.graph.initializer.append(onnx.numpy_helper.from_array(weights, "w"))
    onnx.save(proto, folder / "conv.onnx")
    (folder / "mobilekit.toml").write_text(
        '[model]\npath = "conv.onnx"\n[inputs.image]\nkind = "image"\nrange = [0, 1]\ncolor = "rgb"\n'
    )
    plans = []
    for camera in ("none", "night"):
        mobilekit.convert(
            folder / "conv.onnx",
            precision="int8",
            photos=folder / "photos",
            config=folder / "mobilekit.toml",
            camera=camera,
            out=folder / camera,
        )
        plans.append((folder / camera / "plan.json").read_bytes())
    done = cli("convert", "conv.onnx", "--precision", "int8", "--photos", "photos", "--camera", "night")
    assert done.returncode == 0, done.stderr
    assert plans[0] != plans[1] == (folder / "build/plan.json").read_bytes()
    assert cli("package", "--photos", "photos", "--camera", "pixel").returncode == 54
