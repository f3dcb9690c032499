"""What a QDQ model says of itself is canonical JSON."""

import json

from mobilekit.convert.qdq.metadata import metadata
from mobilekit.tensors import DType, TensorSpec


def test_metadata_is_canonical():
    """One entry, sorted keys; the border as the model has it."""
    spec = TensorSpec(name="x", dtype=DType.FLOAT32, shape=(1, 3))
    said = metadata(
        precision="int8",
        plan="d",
        inputs=(spec,),
        outputs=(),
        integers={"b": "b/int8", "a": "a/int8"},
        written=["b"],
    )
    assert list(said) == ["mobilekit"]
    content = json.loads(said["mobilekit"])
    assert said["mobilekit"] == json.dumps(content, sort_keys=True, separators=(",", ":"))
    assert content["inputs"] == [{"name": "x", "dtype": "float32", "shape": [1, 3]}]
    assert content["written"] == ["b"]
