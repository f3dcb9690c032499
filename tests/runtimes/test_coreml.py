"""Packages are opened: by the evaluator here, by Core ML (a stand-in for it) on macOS; ``name`` says which."""

import sys
import types

import numpy as np
import pytest
from PIL import Image

from mobilekit.errors import AcceleratorError, InputDataError, ModelFileError, UsageError
from mobilekit.runtimes import coreml, open_runtime
from mobilekit.runtimes.coreml import open_mlpackage, open_reference
from mobilekit.runtimes.coreml_border import KEY
from mobilekit.runtimes.mil_reference import reader
from mobilekit.runtimes.mil_reference.program import Feature
from mobilekit.runtimes.mil_reference.types import TensorType
from tests.runtimes.mil_reference.support import Name, operation, program

PIXELS = TensorType(dtype="fp32", shape=(1, 3, 1, 2))
HALF = TensorType(dtype="fp16", shape=(1, 3, 1, 2))


def content(**entry):
    entries = {
        side: [
            {
                "name": name,
                "feature": feature,
                "dtype": "float32",
                "shape": [1, 3, 1, 2],
                "image": None,
                **entry,
            }
        ]
        for side, name, feature in (("inputs", "/in", "x"), ("outputs", "out", "y"))
    }
    return {"format": "mobilekit-coreml/1", **entries, "tensors": {"/mid": "m"}}


@pytest.fixture
def package(monkeypatch):
    """A package y = relu(x + 1/3) whose middle is fp16, read without a file."""
    import json
    from dataclasses import replace

    steps = [
        operation("add", {"x": Name("x"), "y": np.float32(1) / 3}, {"m": HALF}),
        operation("relu", {"x": Name("m")}, {"r": HALF}),
        operation("cast", {"x": Name("r"), "dtype": "fp32"}, {"y": PIXELS}),
    ]

    def make(colour=None, metadata=None):
        features = [Feature(name=name, dtype="fp32", shape=PIXELS.shape, colour=colour) for name in "xy"]
        whole = replace(
            program(steps, ["y"], inputs={"x": PIXELS}),
            inputs=tuple(features[:1]),
            outputs=tuple(features[1:]),
            metadata={} if metadata is None else {KEY: json.dumps(metadata)},
        )
        monkeypatch.setattr(reader, "read_package", lambda _path: whole)
        return "net.mlpackage"

    return make


X = np.array([-1, 1, 0, 2, 3, -4], np.float32).reshape(1, 3, 1, 2)


def test_onnx_names_in_and_out(package, monkeypatch):
    """A package of ours takes and gives ONNX names, taps included, and says what computed."""
    monkeypatch.setattr(sys, "platform", "linux")
    with open_runtime(package(metadata=content())) as session:
        assert session.name == "MIL reference evaluator, not Core ML"
        assert [s.name for s in (*session.inputs, *session.outputs)] == ["/in", "out"]
        found = session.run({"/in": X}, taps=["/mid"])
    np.testing.assert_array_equal(
        found["/mid"], (X + np.float32(1) / 3).astype(np.float16).astype(np.float32)
    )
    np.testing.assert_array_equal(found["out"], np.maximum(found["/mid"], 0))
    with pytest.raises(UsageError, match="session is closed"):
        session.run({"/in": X})


def test_foreign_packages_open_too(package, monkeypatch):
    """A foreign package opens by its own names; wrong feeds and taps are errors."""
    monkeypatch.setattr(sys, "platform", "linux")
    session = open_runtime(package())
    np.testing.assert_array_equal(session.run({"x": X})["y"] > 0, X + 1 / 3 > 0)
    with pytest.raises(InputDataError, match="'x' is missing"):
        session.run({"/in": X})
    with pytest.raises(UsageError, match="cannot tap 'nothing'"):
        session.run({"x": X}, taps=["nothing"])


def test_precisions_of_the_evaluator(package):
    """The evaluator can be asked to round nothing."""
    path = package(metadata=content())
    exact = open_reference(path, precision="float32").run({"/in": X})["out"]
    np.testing.assert_array_equal(exact, np.maximum(X + np.float32(1) / 3, 0))
    assert np.any(open_reference(path).run({"/in": X})["out"] != exact)


def test_a_missing_package_is_an_error(tmp_path):
    """A missing package is an error."""
    with pytest.raises(ModelFileError, match=r"not a \.mlpackage folder"):
        open_mlpackage(tmp_path / "net.mlpackage")


class StandIn:
    """What coremltools' MLModel is on macOS: pictures are PIL images."""

    def __init__(self, path, *, compute_units):
        if compute_units == "broken":
            message = "no such device"
            raise RuntimeError(message)

    def predict(self, features):
        value = features["x"]
        if isinstance(value, Image.Image):
            return {"y": Image.fromarray(255 - np.asarray(value))}
        if value.min() < -100:
            message = "out of range"
            raise RuntimeError(message)
        return {"y": value * 2}


@pytest.fixture
def macos(monkeypatch):
    units = types.SimpleNamespace(CPU_ONLY="cpu", CPU_AND_GPU="broken", CPU_AND_NE="npu")
    models = types.SimpleNamespace(MLModel=StandIn)
    stand_in = types.SimpleNamespace(ComputeUnit=units, models=models, __version__="9.0")
    monkeypatch.setattr(coreml, "coremltools", lambda: stand_in)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(coreml.platform, "mac_ver", lambda: ("15.1", ("", "", ""), ""))


@pytest.mark.usefixtures("macos")
def test_core_ml_itself_computes_on_macos(package):
    """On macOS Core ML computes; it has no taps, and its failures are typed."""
    session = open_mlpackage(package(metadata=content()))
    assert session.name == "Core ML 15.1 on macOS"
    np.testing.assert_array_equal(session.run({"/in": X})["out"], X * 2)
    with pytest.raises(UsageError, match="shows no intermediate values"):
        session.run({"/in": X}, taps=["/mid"])
    with pytest.raises(AcceleratorError, match="cannot execute"):
        session.run({"/in": X - 200})
    with pytest.raises(AcceleratorError, match="no such device"):
        open_mlpackage(package(), units="gpu")
    assert coreml.availability().detail == "Core ML 15.1 on macOS, through coremltools 9.0"


@pytest.mark.usefixtures("macos")
@pytest.mark.parametrize("colour", ["rgb", "bgr"])
def test_pictures_on_macos(package, monkeypatch, colour):
    """Core ML gets pictures as RGB images, whatever order of channels the model has."""
    seen = []

    class Watched(StandIn):
        def predict(self, features):
            seen.append(np.asarray(features["x"]))
            return super().predict(features)

    monkeypatch.setattr(coreml.coremltools().models, "MLModel", Watched)
    image = {"color": colour.upper(), "scale": 1.0, "bias": 0.0}
    session = open_mlpackage(package(colour=colour, metadata=content(image=image)))
    values = np.arange(6, dtype=np.float32).reshape(1, 3, 1, 2)
    np.testing.assert_array_equal(session.run({"/in": values})["out"], 255 - values)
    first = values[0, 0 if colour == "rgb" else 2, 0]
    np.testing.assert_array_equal(seen[0][0, :, 0], first)


def test_what_is_available_here(monkeypatch):
    """Away from macOS the evaluator is what is available, and it says that it is not Core ML."""
    monkeypatch.setattr(sys, "platform", "linux")
    found = coreml.availability()
    assert found.available
    assert "not Core ML" in found.detail
