"""Facts are read from the flatbuffer as it is."""

from __future__ import annotations

from pathlib import Path

from mobilekit.package.tflite_facts import facts_of
from mobilekit.pipeline import convert
from tests.pipeline.support import INPUTS, write_model, write_photos


def test_operators_types_and_scales(tmp_path: Path) -> None:
    """An int8 file has its convolutions, per-tensor scales of activations, none for weights."""
    artifact = convert(
        write_model(tmp_path), precision="int8", out=tmp_path, inputs=INPUTS, photos=write_photos(tmp_path)
    )
    facts = facts_of(artifact.path)
    assert facts.histogram()["CONV_2D"] == 2
    first = next(op for op in facts.operators if op.name == "CONV_2D")
    data, weights = (facts.tensors[i] for i in first.inputs[:2])
    assert (data.dtype, weights.dtype) == ("int8", "int8")
    assert data.quantisation is not None
    assert weights.quantisation is None  # per channel
    assert facts.tensors[facts.inputs[0]].shape == (1, 16, 16, 3)
    assert all(not op.custom for op in facts.operators)
