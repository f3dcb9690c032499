"""Array inputs that a model computes from photos: identity vectors as face swaps want them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from mobilekit.calibrate.embedding import Embedding, open_embedding
from mobilekit.description import TensorDescription
from mobilekit.errors import DescriptionError, InputDataError
from mobilekit.tensors import DType, TensorSpec

IMAGE = TensorDescription(kind="image", range=(0.0, 1.0))
MEAN = """<ir_version: 8, opset_import: ["": 17]>
g (float[N, 3, 16, 16] image) => (float[N, 3, 1, 1] mean) { mean = GlobalAveragePool(image) }"""
TWO = """<ir_version: 8, opset_import: ["": 17]>
g (float[1, 3, 16, 16] image) => (float[1, 3, 1, 1] most, float[1, 3, 1, 1] mean) {
  mean = GlobalAveragePool(image)
  most = GlobalMaxPool(image)
}"""


def vector(*shape: int, dtype: DType = DType.FLOAT32) -> TensorSpec:
    return TensorSpec(name="id", dtype=dtype, shape=shape)


def described(**said: object) -> TensorDescription:
    """An input that is embedded by ``mean.onnx``."""
    return TensorDescription(**{"source": "mean.onnx", "embedding": IMAGE, **said})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Embedding models and a matrix that reverses three numbers."""
    onnx.save(onnx.parser.parse_model(MEAN), tmp_path / "mean.onnx")
    onnx.save(onnx.parser.parse_model(TWO), tmp_path / "two.onnx")
    np.save(tmp_path / "reverse.npy", np.eye(3, dtype=np.float32)[::-1])
    return tmp_path


def value(embedding: Embedding, *levels: float) -> np.ndarray:
    """The input's value for a photo of one colour, its channels these shares of white."""
    pixels = np.empty((16, 16, 3), np.uint8)
    pixels[:] = np.round(np.array(levels) * 255)
    return embedding.joined([embedding.run(embedding.fit.tensor([pixels]))])


def test_output_takes_the_inputs_shape(folder: Path) -> None:
    """An open batch is one; 1×3×1×1 numbers become 1×3 and float16 what the input is."""
    spec = vector(1, 3, dtype=DType.FLOAT16)
    found = value(open_embedding(spec, described(), folder, ("face",)), 0.2, 0.4, 0.6)
    assert (found.shape, found.dtype) == ((1, 3), np.float16)
    assert found.ravel() == pytest.approx(np.array([0.2, 0.4, 0.6]), abs=1e-3)


def test_projection_and_length(folder: Path) -> None:
    """The vector times the matrix, then of length 1, as identity injection wants it."""
    projected = open_embedding(vector(1, 3), described(projection="reverse.npy"), folder, ("face",))
    assert value(projected, 0.2, 0.4, 0.6).ravel() == pytest.approx(np.array([0.6, 0.4, 0.2]))
    unit = open_embedding(
        vector(1, 3), described(projection="reverse.npy", normalize=True), folder, ("face",)
    )
    expected = np.array([3, 2, 1]) / np.sqrt(14)
    assert value(unit, 0.2, 0.4, 0.6).ravel() == pytest.approx(expected, rel=1e-6)
    np.savez(folder / "wide.npz", emap=np.ones((3, 5)))
    wide = open_embedding(vector(5), described(projection="wide.npz"), folder, ("face",))
    assert value(wide, 0.2, 0.4, 0.6) == pytest.approx(np.full(5, 1.2))


def test_digest_follows_model_and_matrix(folder: Path) -> None:
    """Another model or matrix is another digest; another name of the same is not."""

    def digest(**said: object) -> str:
        return open_embedding(vector(1, 3), described(**said), folder, ("face",)).digest

    (folder / "again.npy").write_bytes((folder / "reverse.npy").read_bytes())
    np.save(folder / "same.npy", np.eye(3, dtype=np.float32))
    assert digest(projection="reverse.npy") == digest(projection="again.npy")
    assert len({digest(), digest(projection="same.npy"), digest(projection="reverse.npy")}) == 3


def test_one_of_several_outputs(folder: Path) -> None:
    """With several outputs one must be named."""
    said = described(source="two.onnx", output="mean")
    assert value(open_embedding(vector(3), said, folder, ("face",)), 0.2, 0.4, 0.6) == pytest.approx(
        np.array([0.2, 0.4, 0.6])
    )
    with pytest.raises(DescriptionError, match="several outputs: most, mean"):
        open_embedding(vector(3), described(source="two.onnx"), folder, ("face",))
    with pytest.raises(DescriptionError, match="'least' is no output"):
        open_embedding(vector(3), described(source="two.onnx", output="least"), folder, ("face",))


def test_vectors_of_a_batch(folder: Path) -> None:
    """An input for two photos takes two vectors."""
    embedding = open_embedding(vector(2, 3), described(), folder, ("face",), photos=2)
    one, two = np.zeros(3, np.float32), np.ones(3, np.float32)
    assert embedding.joined([one, two]).tolist() == [[0, 0, 0], [1, 1, 1]]


@pytest.mark.parametrize(
    ("shape", "projection", "match"),
    [
        ((1, 4), None, r"an embedding of 3 numbers, \[1, 4\] expected"),
        ((1, 4), np.ones((4, 3)), "projection has 4 rows, the embedding .* has 3 numbers"),
        ((1, 4), np.ones((3, 5)), r"an embedding of 5 numbers, \[1, 4\] expected"),
        ((1, 3), np.ones(3), r"float64 \[3\], a finite float matrix expected"),
        ((1, 3), np.ones((3, 3), np.int64), "a finite float matrix expected"),
        ((1, 3), np.full((3, 3), np.nan), "a finite float matrix expected"),
    ],
)
def test_sizes_that_do_not_fit(folder: Path, shape, projection, match) -> None:
    """The sizes of embedding, matrix and input are checked before any photo is read."""
    said = described()
    if projection is not None:
        np.save(folder / "p.npy", projection)
        said = described(projection="p.npy")
    with pytest.raises(InputDataError, match=match):
        open_embedding(vector(*shape), said, folder, ("face",))


def test_no_direction_no_vector(folder: Path) -> None:
    """A vector of zeros cannot have length 1: an error, not NaN in the calibration."""
    embedding = open_embedding(vector(1, 3), described(normalize=True), folder, ("face",))
    with pytest.raises(InputDataError, match="without a direction"):
        value(embedding, 0.0, 0.0, 0.0)


def test_nothing_is_guessed(folder: Path) -> None:
    """Without its own input table, or whose photo it is, or for integers: errors that say what to write."""
    with pytest.raises(DescriptionError, match="no input table") as silent:
        open_embedding(vector(1, 3), described(embedding=None), folder, ("face",))
    assert "[inputs.id.input]" in silent.value.hint
    with pytest.raises(DescriptionError, match="does not say of which"):
        open_embedding(vector(1, 3), described(), folder, ("a", "b"))
    for said, images in ((described(of="c"), ("a",)), (described(of="a"), ())):
        with pytest.raises(DescriptionError, match="not an image input"):
            open_embedding(vector(1, 3), said, folder, images)
    with pytest.raises(DescriptionError, match="is int64, an embedding is a float"):
        open_embedding(vector(1, 3, dtype=DType.INT64), described(), folder, ("a",))
    with pytest.raises(InputDataError, match="no such file"):
        open_embedding(vector(1, 3), described(projection="gone.npy"), folder, ("a",))
