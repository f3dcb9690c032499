"""External data: from the model's own folder, and from nowhere else."""

import numpy as np
import onnx
import pytest

from mobilekit.errors import ExternalDataError
from mobilekit.source.load import load
from tests.source.test_load import parse

WEIGHT = np.arange(2, dtype=np.float32)
BYTES = WEIGHT.tobytes()


def _save(folder, location="weights.bin", *, data=BYTES, offset=0, length=None):
    folder.mkdir(parents=True, exist_ok=True)
    model = parse("y = Mul (x, w)")
    tensor = onnx.TensorProto(name="w", data_type=1, dims=[2], data_location=onnx.TensorProto.EXTERNAL)
    entries = {
        "location": location,
        "offset": str(offset),
        "length": str(length if length is not None else 8),
    }
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    model.graph.initializer.append(tensor)
    path = folder / "net.onnx"
    path.write_bytes(model.SerializeToString())
    if data is not None:
        (folder / "weights.bin").write_bytes(data)
    return path


def _weight(path):
    return onnx.numpy_helper.to_array(load(path).proto().graph.initializer[0])


def test_data_beside_the_model_is_embedded(tmp_path):
    """At an offset, too."""
    np.testing.assert_array_equal(_weight(_save(tmp_path)), WEIGHT)
    np.testing.assert_array_equal(_weight(_save(tmp_path, data=b"1234" + WEIGHT.tobytes(), offset=4)), WEIGHT)


def test_data_in_a_folder_below(tmp_path):
    """A sub-folder is inside."""
    path = _save(tmp_path, "data/weights.bin")
    (tmp_path / "data").mkdir()
    (tmp_path / "weights.bin").rename(tmp_path / "data" / "weights.bin")
    np.testing.assert_array_equal(_weight(path), WEIGHT)


def test_a_model_behind_a_symbolic_link(tmp_path):
    """Model caches link to their files: the data lies beside the link's target."""
    path = _save(tmp_path / "blobs")
    link = tmp_path / "link.onnx"
    link.symlink_to(path)
    np.testing.assert_array_equal(_weight(link), WEIGHT)


@pytest.mark.parametrize(
    "location", ["../weights.bin", "sub/../../weights.bin", "/etc/passwd", "..\\weights.bin"]
)
def test_paths_that_leave_the_folder(tmp_path, location):
    """Refused whether or not the file is there."""
    (tmp_path / "weights.bin").write_bytes(WEIGHT.tobytes())
    with pytest.raises(ExternalDataError):
        load(_save(tmp_path / "model", location))


def test_a_link_that_leaves_the_folder(tmp_path):
    """The name is innocent, the target is not."""
    (tmp_path / "secret.bin").write_bytes(WEIGHT.tobytes())
    path = _save(tmp_path / "model", data=None)
    (tmp_path / "model" / "weights.bin").symlink_to(tmp_path / "secret.bin")
    with pytest.raises(ExternalDataError, match="leaves the model's folder"):
        load(path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": None}, "there is no file 'weights.bin'"),
        ({"data": b"1234"}, "has 4 bytes, expected 8"),
        ({"length": 4}, "4 bytes, expected 8 for shape \\[2\\]"),
        ({"offset": -1}, "offset is '-1'"),
        ({"location": ""}, "not a relative path"),
    ],
)
def test_missing_short_and_malformed(tmp_path, arguments, message):
    """The tensor and the file are named."""
    with pytest.raises(ExternalDataError, match=message) as error:
        load(_save(tmp_path, **arguments))
    assert "'w'" in error.value.message
