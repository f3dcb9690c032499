"""Array inputs come from files, or are written down, in exactly the input's shape and type."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mobilekit.calibrate.arrays import array_files, written
from mobilekit.errors import DescriptionError, InputDataError
from mobilekit.tensors import DType, TensorSpec

SPEC = TensorSpec(name="id", dtype=DType.FLOAT32, shape=(1, 4))


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
    np.savez(tmp_path / "many.npz", a=np.zeros(4), b=np.zeros(4))
    np.savez(tmp_path / "pickled.npz", id=np.array([{}], dtype=object))
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04 truncated")
    (tmp_path / "empty").mkdir()
    for name in ("missing.npy", "text.npy", "objects.npy", "many.npz", "pickled.npz", "cut.npz", "empty"):
        with pytest.raises(InputDataError, match="input id"):
            array_files(SPEC, tmp_path / name)


def test_archives(tmp_path: Path) -> None:
    """A .npz gives the array of the input's name, or its only one; samples are read one at a time."""
    rows = np.arange(20, dtype=np.float32).reshape(5, 4)
    np.savez(tmp_path / "named.npz", other=np.zeros(3), id=rows)
    np.savez_compressed(tmp_path / "only.npz", x=rows)
    np.savez(tmp_path / "columns.npz", x=np.asfortranarray(rows))
    np.savez(tmp_path / "one.npz", x=np.asfortranarray(rows[:1]))
    for name in ("named", "only", "columns"):
        assert [v.ravel().tolist() for v in values(tmp_path / f"{name}.npz")] == rows.tolist()
    assert [v.tolist() for v in values(tmp_path / "one.npz")] == [rows[:1].tolist()]


def test_files_named_like_photos(tmp_path: Path) -> None:
    """Files with the photos' names go with them, in whatever order; a photo without one is an error."""
    for name, value in (("a", 1), ("b", 2), ("c", 3)):
        save(tmp_path / f"{name}.npy", np.full((1, 4), value, np.float32))
    files = array_files(SPEC, tmp_path)

    def first(photos: tuple[str, ...], sources: tuple[str, str] = ("p", "q")) -> list[int]:
        return [int(files.beside(photos, sources).value((0, 1), i)[0, 0]) for i in range(2)]

    assert first(("c.jpg", "a.png")) == [3, 1]
    assert first(("album/b.jpg", "album/c.jpg")) == [2, 3]
    assert first(("x.jpg", "y.jpg")) == [1, 2]
    assert first(("anna/a.jpg", "ben/a.jpg")) == [1, 2]
    assert first(("day/b.jpg", "night/b.jpg"), ("p", "p")) == [2, 2]
    with pytest.raises(InputDataError, match=r"named like photo x\.jpg"):
        files.beside(("a.jpg", "x.jpg"), ("p", "q"))


@pytest.mark.parametrize(
    ("value", "shape", "dtype", "samples"),
    [
        (0.5, (), "float32", [0.5]),
        (0.5, (1, 2), "float32", [[[0.5, 0.5]]]),
        ((1, 2), (1, 2), "float32", None),
        ((1.0, 2.0), (2,), "float32", [[1.0, 2.0]]),
        ((0.25, 0.5, 0.75), (1, 1), "float32", [[[0.25]], [[0.5]], [[0.75]]]),
        (((1, 2), (3, 4)), (1, 2), "int64", [[[1, 2]], [[3, 4]]]),
        (True, (1,), "bool", [[True]]),
    ],
)
def test_numbers_written_down(value, shape, dtype, samples) -> None:
    """A number fills the input; lists are the array, or one sample after the other."""
    spec = TensorSpec(name="id", dtype=DType(dtype), shape=shape)
    if samples is None:  # two rows are missing their batch
        with pytest.raises(DescriptionError, match=r"shape \[2\], \[1, 2\] expected"):
            written(spec, value)
        return
    found = written(spec, value)
    assert [found.value(tuple(range(9)), i).tolist() for i in range(len(found))] == samples
    assert found.value((4,), 0).dtype == np.dtype(dtype)


@pytest.mark.parametrize(
    ("value", "dtype"), [(0.5, "int64"), (300, "uint8"), (1e39, "float32"), (1, "bool"), (True, "float32")]
)
def test_numbers_that_do_not_fit(value, dtype) -> None:
    """A half is no integer, 300 no byte, a truth value no number: nothing is rounded or wrapped."""
    with pytest.raises(DescriptionError, match=f"{dtype} cannot hold"):
        written(TensorSpec(name="id", dtype=DType(dtype), shape=(1,)), value)


def test_ragged_numbers() -> None:
    """Rows of different lengths are an error."""
    with pytest.raises(DescriptionError, match="different lengths"):
        written(SPEC, ((1.0, 2.0), (3.0,)))
