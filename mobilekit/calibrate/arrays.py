"""Values of inputs that are not images: .npy files, and embedding models applied to photos."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.artifact import digest_of_path
from mobilekit.calibrate.fit import ImageFit, image_fit
from mobilekit.errors import DescriptionError, InputDataError

if TYPE_CHECKING:
    from mobilekit.description import TensorDescription
    from mobilekit.runtimes.base import Session
    from mobilekit.tensors import Array, TensorSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayFiles:
    """Samples in .npy files. A file holds one sample (the input's shape) or a leading sample axis."""

    spec: TensorSpec
    files: tuple[tuple[Path, int | None], ...]
    digest: str

    def __len__(self) -> int:
        return len(self.files)

    def value(self, items: tuple[int, ...], index: int) -> Array:
        """The sample of ``items[index]``, modulo the number of samples."""
        file, row = self.files[items[index] % len(self.files)]
        array = _load(self.spec, file)
        return np.array(array if row is None else array[row], copy=True).reshape(self.spec.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding:
    """A model whose output, for the photo of the image input ``of``, is an array input's value."""

    spec: TensorSpec
    session: Session
    fit: ImageFit
    of: str
    digest: str

    def run(self, image: Array) -> Array:
        """The input's value for the embedding model's own input ``image``."""
        outputs = self.session.run({self.session.inputs[0].name: image})
        value = outputs[self.session.outputs[0].name]
        if value.size != np.prod(self.spec.shape, dtype=np.int64):
            message = (
                f"the embedding of input {self.spec.name} has shape {list(value.shape)},"
                f" {list(self.spec.shape)} expected"
            )
            raise InputDataError(message, hint=f"correct from = in [inputs.{self.spec.name}]")
        return value.reshape(self.spec.shape).astype(self.spec.dtype.value)


def array_files(spec: TensorSpec, path: Path) -> ArrayFiles:
    """The samples in a .npy file, or in the .npy files of a folder sorted by name.

    A file fits if its dtype is the input's and its shape is the input's (one sample), (n, *shape),
    or (n, *shape[1:]) where shape[0] is 1 (n samples). Raises InputDataError naming the file.
    """
    if path.is_dir():
        files = sorted(f for f in path.iterdir() if f.suffix == ".npy" and not f.name.startswith("."))
        if not files:
            message = f"input {spec.name}: no .npy files in {path}"
            raise InputDataError(message, hint="save them with numpy.save")
    else:
        files = [path]
    samples = tuple((file, row) for file in files for row in _rows(spec, file))
    digest = digest_of_path(path) if path.is_file() else ",".join(digest_of_path(f) for f in files)
    return ArrayFiles(spec=spec, files=samples, digest=digest)


def _rows(spec: TensorSpec, file: Path) -> list[int | None]:
    """The samples in ``file``: None for the whole, or the indices of its leading axis."""
    array = _load(spec, file)
    batch_of_one = spec.shape[1:] if spec.shape[:1] == (1,) else None
    leading = array.ndim > 0 and array.shape[0] > 0 and array.shape[1:] in (spec.shape, batch_of_one)
    if array.shape != spec.shape and not leading:
        message = f"input {spec.name}: {file} has shape {list(array.shape)}, {list(spec.shape)} expected"
        raise InputDataError(message, hint="one sample a file, or several along a leading axis")
    if array.dtype.name != spec.dtype.value:
        message = f"input {spec.name}: {file} has dtype {array.dtype.name}, {spec.dtype} expected"
        raise InputDataError(message, hint=f"save it with .astype(numpy.{spec.dtype})")
    if spec.dtype.is_float and not np.isfinite(array).all():
        message = f"input {spec.name}: {file} holds NaN or infinity"
        raise InputDataError(message)
    return [None] if array.shape == spec.shape else list(range(array.shape[0]))


def _load(spec: TensorSpec, file: Path) -> Array:
    """The array in ``file``, mapped and not read where possible; pickles are refused."""
    if not file.exists():
        message = f"input {spec.name}: {file}: no such file"
        raise InputDataError(message, hint="give a .npy file, or a folder of them")
    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        message = f"input {spec.name}: {file} is not a readable .npy file"
        raise InputDataError(message, hint="save it with numpy.save, without objects") from error
    if not isinstance(array, np.ndarray):
        message = f"input {spec.name}: {file} is an archive, a single .npy array expected"
        raise InputDataError(message)
    return array


def open_embedding(
    spec: TensorSpec, said: TensorDescription, path: Path, images: tuple[str, ...]
) -> Embedding:
    """The embedding model of an array input. Raises DescriptionError or what reading the model raises."""
    where = f"[inputs.{spec.name}]"
    if said.embedding is None:
        hint = f'add [inputs.{spec.name}.input] with kind = "image" and the range that {path.name} wants'
        message = f"{where} from = {path.name} has no input table of its own"
        raise DescriptionError(message, hint=hint)
    of = said.of if said.of is not None else (images[0] if len(images) == 1 else None)
    if of not in images:
        choice = ", ".join(images) or "none; an embedding is computed from an image input's photo"
        message = f"{where} of = {said.of!r} is not an image input of the model"
        raise DescriptionError(message, hint=f"set of = to one of the image inputs: {choice}")
    session = _open(path)
    if len(session.inputs) != 1:
        names = ", ".join(s.name for s in session.inputs)
        message = f"{where} from = {path.name} has inputs {names}; one image input expected"
        raise DescriptionError(message)
    return Embedding(
        spec=spec,
        session=session,
        fit=image_fit(session.inputs[0], said.embedding),
        of=of,
        digest=digest_of_path(path),
    )


def _open(path: Path) -> Session:
    """The embedding model in ONNX Runtime; a dynamic first dimension (the batch) becomes 1."""
    from mobilekit.runtimes.ort import open_graph
    from mobilekit.source.load import load

    return open_graph(load(path, shapes=_batch_of_one(path)))


def _batch_of_one(path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes for the inputs of which nothing but the batch is dynamic."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        graph = onnx.load(path, load_external_data=False).graph
    except (OSError, DecodeError):
        return {}  # `load` says what is wrong with the file
    constants = {tensor.name for tensor in graph.initializer}
    shapes = {}
    for value in graph.input:
        dims = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        if value.name not in constants and dims and dims[0] == 0 and all(dims[1:]):
            shapes[value.name] = (1, *dims[1:])
    return shapes
