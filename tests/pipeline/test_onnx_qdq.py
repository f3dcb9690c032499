"""onnx-qdq through the pipeline: the plan of a .tflite file, said in ONNX, with the same integers."""

from pathlib import Path

import numpy as np
import pytest

import mobilekit
from mobilekit.errors import UsageError
from mobilekit.parity.integer_operators import compare_integers
from mobilekit.pipeline.formats import format_of
from tests.pipeline.support import INPUTS, write_model, write_photos


@pytest.fixture(name="files", scope="module")
def _files(tmp_path_factory):
    """An int8 .tflite file and the QDQ model of its plan."""
    folder = tmp_path_factory.mktemp("qdq")
    model, photos = write_model(folder), write_photos(folder)
    common = {"precision": "int8", "inputs": INPUTS, "photos": photos, "store": folder / "store"}
    first = mobilekit.convert(model, to="tflite", out=folder / "tflite", **common)
    second = mobilekit.convert(model, to="onnx-qdq", out=folder / "qdq", plan=first.meta["plan"], **common)
    return first, second


def test_both_files_say_the_same_integers(files):
    """Each operator, fed LiteRT's own tensors, is within one step; the picture is as near."""
    first, second = files
    assert second.path.name == "tiny.int8.qdq.onnx"
    feed = {"image": np.random.default_rng(0).uniform(-1, 1, (1, 3, 16, 16)).astype(np.float32)}
    found = compare_integers(second.path, first.path, [feed])
    assert [o.kind for o in found.operators] == ["Conv", "PRelu", "Conv"]
    assert not found.below(0.999)
    means = [f.meta["parity"]["outputs"][0]["psnr_db"]["mean"] for f in files]
    assert abs(means[0] - means[1]) < 0.5


def test_the_plan_is_the_same_and_the_artifact_says_what_it_is(files):
    """A plan of either command serves the other."""
    first, second = files
    assert Path(first.meta["plan"]).read_text() == Path(second.meta["plan"]).read_text()
    assert (second.kind, second.meta["scheme"]) == ("onnx-qdq", first.meta["scheme"])
    assert "onnxruntime" in second.meta["tools"]
    assert "ai-edge-litert" not in second.meta["tools"]


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"precision": "fp16"}, "precision is 'fp16'"),
        ({"io": "int8", "precision": "int8"}, "io is 'int8'"),
        ({"fallback": "onnx2tf"}, "writes TFLite only"),
    ],
)
def test_what_the_format_has_not_is_refused(tmp_path, keywords, said):
    """Nothing that was asked is ignored."""
    with pytest.raises(UsageError, match=said):
        mobilekit.convert(
            write_model(tmp_path), to="onnx-qdq", inputs=INPUTS, out=tmp_path / "out", **keywords
        )


def test_no_target_publishes_it(tmp_path):
    """A tier's folder is not filled with what no store takes."""
    from types import SimpleNamespace

    with pytest.raises(UsageError, match="no target publishes onnx-qdq"):
        format_of("onnx-qdq").write_tier(
            tmp_path, tmp_path, SimpleNamespace(tier=SimpleNamespace(name="low"))
        )
