"""Array inputs come from .npy files and embedding models, of exactly the input's shape and type."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from mobilekit.calibrate.arrays import array_files, open_embedding
from mobilekit.description import TensorDescription
from mobilekit.errors import DescriptionError, InputDataError
from mobilekit.tensors import DType, TensorSpec

SPEC = TensorSpec(name="id", dtype=DType.FLOAT32, shape=(1, 4))
IMAGE = TensorDescription(kind="image", range=(0.0, 1.0))
EMBEDDING = """<ir_version: 8, opset_import: ["": 17]>
g (float[N, 3, 16, 16] image) => (float[N, 3, 1, 1] mean) { mean = GlobalAveragePool(image) }"""


def save(path: Path, array: np.ndarray) -> Path:
    """Write an array and say where."""
    np.save(path, array)
    return path


def values(path: Path, spec: TensorSpec = SPEC) -> list[np.ndarray]:
    """All samples that a file or folder holds."""
    files = array_files(spec, path)
    return [files.value(tuple(range(9)), index) for index in range(len(files))]


def test_one_sample_a_file(tmp_path: Path) -> None:
    """An array of the input's shape is one sample."""
    (only,) = values(save(tmp_path / "a.npy", np.arange(4, dtype=np.float32)[None]))
    assert only.tolist() == [[0, 1, 2, 3]]


@pytest.mark.parametrize("shape", [(5, 4), (5, 1, 4)])
def test_leading_sample_axis(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """(n, *shape) and, where the batch is 1, (n, *shape[1:]) are n samples."""
    found = values(save(tmp_path / "a.npy", np.arange(20, dtype=np.float32).reshape(shape)))
    assert [v.shape for v in found] == [(1, 4)] * 5
    assert found[3].tolist() == [[12, 13, 14, 15]]


def test_folder_is_sorted(tmp_path: Path) -> None:
    """A folder's files are samples by name; other files are not."""
    for name, value in (("b", 2), ("a", 1)):
        save(tmp_path / f"{name}.npy", np.full((1, 4), value, np.float32))
    (tmp_path / "notes.txt").write_text("x")
    assert [v[0, 0] for v in values(tmp_path)] == [1, 2]


def test_samples_repeat(tmp_path: Path) -> None:
    """Fewer samples than photos start over."""
    files = array_files(SPEC, save(tmp_path / "a.npy", np.eye(2, 4, dtype=np.float32)))
    assert files.value((0, 1, 2), 2).tolist() == files.value((0, 1, 2), 0).tolist()


def test_integers_and_scalars_are_exact(tmp_path: Path) -> None:
    """int64 stays int64; a scalar input takes a scalar or a list of them."""
    spec = TensorSpec(name="n", dtype=DType.INT64, shape=())
    (one,) = values(save(tmp_path / "a.npy", np.array(2**40 + 1)), spec)
    assert one.dtype == np.int64
    assert one == 2**40 + 1
    assert [int(v) for v in values(save(tmp_path / "b.npy", np.array([7, 8])), spec)] == [7, 8]


@pytest.mark.parametrize(
    ("array", "match"),
    [
        (np.zeros((1, 5), np.float32), r"shape \[1, 5\], \[1, 4\] expected"),
        (np.zeros((0, 4), np.float32), "shape"),
        (np.zeros((1, 4)), "dtype float64, float32 expected"),
        (np.full((1, 4), np.nan, np.float32), "NaN"),
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, array: np.ndarray, match: str) -> None:
    """Another shape, another type and NaN are errors that name input and file."""
    with pytest.raises(InputDataError, match=match) as caught:
        array_files(SPEC, save(tmp_path / "a.npy", array))
    assert "input id" in caught.value.message
    assert "a.npy" in caught.value.message


def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    """No file, no array, pickled objects, an archive, an empty folder."""
    (tmp_path / "text.npy").write_text("hello")
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "many.npz", a=np.zeros(4))
    (tmp_path / "empty").mkdir()
    for name in ("missing.npy", "text.npy", "objects.npy", "many.npz", "empty"):
        with pytest.raises(InputDataError, match="input id"):
            array_files(SPEC, tmp_path / name)


def test_embedding(tmp_path: Path) -> None:
    """An embedding model with an open batch runs on the photo's tensor; its output takes the input's shape."""
    onnx.save(onnx.parser.parse_model(EMBEDDING), tmp_path / "mean.onnx")
    spec = TensorSpec(name="id", dtype=DType.FLOAT32, shape=(1, 3))
    said = TensorDescription(source="mean.onnx", embedding=IMAGE)
    embedding = open_embedding(spec, said, tmp_path / "mean.onnx", ("face",))
    assert embedding.of == "face"
    value = embedding.run(embedding.fit.tensor([np.full((16, 16, 3), 51, np.uint8)]))
    assert np.allclose(value, np.full((1, 3), 0.2))
    wrong = open_embedding(SPEC, said, tmp_path / "mean.onnx", ("face",))
    with pytest.raises(InputDataError, match=r"\[1, 3, 1, 1\], \[1, 4\] expected"):
        wrong.run(wrong.fit.tensor([np.zeros((16, 16, 3), np.uint8)]))


def test_embedding_must_say_whose(tmp_path: Path) -> None:
    """Without its own input table, or with two images and no `of`, nothing is guessed."""
    onnx.save(onnx.parser.parse_model(EMBEDDING), tmp_path / "mean.onnx")
    with pytest.raises(DescriptionError, match="no input table") as caught:
        open_embedding(SPEC, TensorDescription(), tmp_path / "mean.onnx", ("face",))
    assert "[inputs.id.input]" in caught.value.hint
    for said, images in (
        (TensorDescription(embedding=IMAGE), ("a", "b")),
        (TensorDescription(embedding=IMAGE, of="c"), ("a",)),
        (TensorDescription(embedding=IMAGE), ()),
    ):
        with pytest.raises(DescriptionError, match="not an image input"):
            open_embedding(SPEC, said, tmp_path / "mean.onnx", images)
