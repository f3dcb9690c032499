"""What a package says of itself is canonical JSON."""

from __future__ import annotations

import json

from mobilekit.convert.coreml.metadata import FORMAT, border_entry, metadata
from mobilekit.tensors import DType, TensorSpec

SPEC = TensorSpec(name="x/0", dtype=DType("int64"), shape=(1, 3))


def test_border_entry() -> None:
    """ONNX's side, and the feature that carries it."""
    wanted = {"name": "x/0", "feature": "x_0", "dtype": "int64", "shape": [1, 3], "image": None}
    assert border_entry(SPEC, "x_0") == wanted
    assert border_entry(SPEC, "x_0", {"color": "RGB"})["image"] == {"color": "RGB"}


def test_canonical() -> None:
    """The order in which things were found does not show."""
    one = metadata(
        inputs=[border_entry(SPEC, "x_0")],
        outputs=[],
        tensors={"b": "b_", "a": "ä"},
        islands=["q", "p"],
        precision="fp16",
    )
    other = metadata(
        precision="fp16",
        islands=["p", "q"],
        tensors={"a": "ä", "b": "b_"},
        outputs=[],
        inputs=[border_entry(SPEC, "x_0")],
    )
    assert one == other
    assert json.loads(one)["format"] == FORMAT
    assert json.loads(one)["islands"] == ["p", "q"]
    assert ": " not in one
