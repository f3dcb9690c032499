"""What a manifest says of an input: as stored, as ONNX has it, and what its values mean."""

from __future__ import annotations

import json

import jsonschema
import pytest

from mobilekit import resources
from mobilekit.description import ModelDescription, TensorDescription
from mobilekit.package.manifest import Origin, Published, manifest
from mobilekit.package.scheme import Scheme
from mobilekit.package.tflite_facts import FileFacts, FileTensor
from mobilekit.quantisation import Scale
from mobilekit.runtimes.tflite_file import TfliteBorder, TfliteTensor
from mobilekit.tensors import DType, TensorSpec
from mobilekit.tier import Tier

IMAGE = TfliteTensor(
    spec=TensorSpec(name="x", dtype=DType.FLOAT32, shape=(1, 3, 4, 6)), index=0, permutation=(0, 2, 3, 1)
)
VECTOR = TfliteTensor(spec=TensorSpec(name="v", dtype=DType.INT64, shape=(1, 5)), index=1, permutation=(0, 1))
STORED = (
    FileTensor(dtype="int8", shape=(1, 4, 6, 3), quantisation=Scale(scale=2 / 255, zero_point=-1)),
    FileTensor(dtype="int64", shape=(1, 5), quantisation=None),
)


def _manifest(said: TensorDescription) -> dict:
    published = Published(
        description=ModelDescription(name="net", version="1", inputs={"x": said}),
        target="android",
        tier=Tier(name="mid", precision="fp16", accelerators=("gpu", "cpu")),
        precision="fp16",
        scheme=Scheme(name="fp16"),
        origin=Origin(
            model_digest="1" * 64,
            calibration_digest=None,
            calibration_samples=0,
            plan_digest=None,
            tools={"mobilekit": "1"},
        ),
    )
    return manifest(
        published,
        border=TfliteBorder(inputs=(IMAGE,), outputs=(VECTOR,), tensors={}),
        facts=FileFacts(tensors=STORED, operators=(), inputs=(0,), outputs=(1,)),
        file_digest="0" * 64,
        file_bytes=7,
    )


@pytest.mark.parametrize(
    "said",
    [
        TensorDescription(kind="image", range=(-1.0, 1.0)),
        TensorDescription(kind="image", mean=(1.0, 2.0, 3.0), std=(4.0, 5.0, 6.0), color="bgr"),
        TensorDescription(kind="image", range=(0.0, 1.0), crop="none", pad=(127.0,)),
        TensorDescription(kind="image", range=(0.0, 1.0), crop="face", face_size=0.6),
        TensorDescription(kind="array"),
    ],
    ids=["range", "mean and std", "letterbox", "face", "array"],
)
def test_every_description_makes_a_valid_manifest(said: TensorDescription) -> None:
    """The schema holds for images of either scaling and for arrays."""
    jsonschema.validate(_manifest(said), json.loads(resources.manifest_schema().read_text()))


def test_image_is_told_as_layout_and_affine_scaling() -> None:
    """Value = (v - mean) / std, and the layout of the file, not of ONNX."""
    entry = _manifest(TensorDescription(kind="image", range=(-1.0, 1.0)))["inputs"][0]
    assert entry["layout"] == "nhwc"
    assert entry["image"] == {
        "color": "rgb",
        "range": [-1.0, 1.0],
        "mean": [127.5] * 3,
        "std": [127.5] * 3,
        "crop": {"part": "center"},
    }
    assert entry["quantisation"] == {"scale": 2 / 255, "zero_point": -1}


def test_array_has_neither_layout_nor_scaling() -> None:
    """Nothing is said of values whose meaning nobody knows."""
    entry = _manifest(TensorDescription())["outputs"][0]
    assert (entry["kind"], entry["layout"], entry["image"], entry["quantisation"]) == (
        "array",
        None,
        None,
        None,
    )


def test_measured_figures_are_refused_by_the_schema() -> None:
    """They belong into report.json."""
    schema = json.loads(resources.manifest_schema().read_text())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**_manifest(TensorDescription()), "psnr_db": 40}, schema)
