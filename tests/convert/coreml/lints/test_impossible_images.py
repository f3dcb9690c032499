"""Images that no pixel buffer can be are named before anything is converted; others are not."""

from mobilekit.convert.coreml.lints import impossible_images
from mobilekit.description import TensorDescription
from mobilekit.tensors import DType, TensorSpec


def test_impossible_images():
    shapes = {"two": (2, 3, 4, 4), "one": (1, 3, 4, 4), "vector": (2, 3)}
    specs = [TensorSpec(name=name, dtype=DType.FLOAT32, shape=shape) for name, shape in shapes.items()]
    said = {name: TensorDescription(kind="image", range=(0.0, 1.0)) for name in ("two", "one")}
    found = list(impossible_images(specs, said))
    assert [(lint.rule, lint.node) for lint in found] == [("image", "two")]
    assert "--shape" in found[0].todo


def test_pictures_without_black_and_white():
    """Found before anything is converted, with what to write."""
    spec = TensorSpec(name="out", dtype=DType.FLOAT32, shape=(1, 3, 4, 4))
    (lint,) = impossible_images([spec], {"out": TensorDescription(kind="image")})
    assert "black and white" in lint.what
    assert "range = [black, white]" in lint.todo
