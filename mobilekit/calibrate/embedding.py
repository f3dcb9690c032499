"""Values of array inputs that a model computes from photos: identity vectors, masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.artifact import digest_of_bytes, digest_of_path
from mobilekit.calibrate.array_files import load_array
from mobilekit.calibrate.fit import ImageFit, image_fit
from mobilekit.calibrate.onnx_of_photos import open_photo_model
from mobilekit.errors import DescriptionError, InputDataError

if TYPE_CHECKING:
    from mobilekit.description import TensorDescription
    from mobilekit.runtimes.base import Session
    from mobilekit.tensors import Array, TensorSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding:
    """A model whose output, for the photo of the image input ``of``, is an array input's value.

    The output is flattened, multiplied by ``matrix`` from the right and divided by its length
    (``normalize``), both in float64. The input holds the values of ``photos`` photos.
    """

    spec: TensorSpec
    session: Session
    fit: ImageFit
    of: str
    output: str
    matrix: Array | None
    normalize: bool
    digest: str
    photos: int = 1

    def run(self, image: Array) -> Array:
        """The flat value for the embedding model's own input ``image``. Raises InputDataError for NaN."""
        value = self.session.run({self.session.inputs[0].name: image})[self.output]
        flat = np.asarray(value, np.float64).ravel()
        if self.matrix is not None:
            flat = flat @ self.matrix
        if self.normalize:
            length = float(np.linalg.norm(flat))
            flat = flat / length if length > 0 else flat * np.nan
        if not np.isfinite(flat).all():
            message = f"the embedding of input {self.spec.name} is NaN, infinite or without a direction"
            raise InputDataError(message, hint=f"check [inputs.{self.spec.name}.input] and projection")
        return flat.astype(self.spec.dtype.value)

    def joined(self, values: Sequence[Array]) -> Array:
        """The input's value, exactly of its shape, from those of its photos."""
        return np.concatenate(values).reshape(self.spec.shape)


def open_embedding(
    spec: TensorSpec, said: TensorDescription, folder: Path, images: Sequence[str], *, photos: int = 1
) -> Embedding:
    """The embedding model of an array input that holds the vectors of ``photos`` photos.

    Relative paths start from ``folder``. Raises DescriptionError, InputDataError for the projection, or
    what reading the model raises.
    """
    where = f"[inputs.{spec.name}]"
    path = folder / (said.source or "")
    of = _of(said, where, images)
    if said.embedding is None:
        message = f"{where} from = {path.name} has no input table of its own"
        hint = f'add [inputs.{spec.name}.input] with kind = "image" and the range that {path.name} wants'
        raise DescriptionError(message, hint=hint)
    if not spec.dtype.is_float:
        message = f"{where} from = {path.name}: the input is {spec.dtype}, an embedding is a float"
        raise DescriptionError(message, hint=f"give the values of {spec.name} as a .npy file")
    session, digest = open_photo_model(path, f"{where} from = {path.name}")
    output = _output(session, said, where)
    matrix, matrix_digest = _projection(spec, said, folder)
    size = int(np.prod(output.shape, dtype=np.int64))
    _check_sizes(spec, output, size, matrix, photos)
    return Embedding(
        spec=spec,
        session=session,
        fit=image_fit(session.inputs[0], said.embedding),
        of=of,
        output=output.name,
        matrix=matrix,
        normalize=said.normalize,
        digest=digest_of_bytes(f"{digest} {matrix_digest}".encode()),
        photos=photos,
    )


def _of(said: TensorDescription, where: str, images: Sequence[str]) -> str:
    """The image input whose photo is embedded."""
    of = said.of if said.of is not None else (images[0] if len(images) == 1 else None)
    if of is None or of not in images:
        choice = ", ".join(images) or "none; an embedding is computed from an image input's photo"
        message = f"{where} of = {said.of!r} is not an image input of the model"
        if said.of is None:
            message = f"{where} does not say of which image input's photo (of =)"
        raise DescriptionError(message, hint=f"set of = to one of the image inputs: {choice}")
    return of


def _output(session: Session, said: TensorDescription, where: str) -> TensorSpec:
    """The output that is the embedding."""
    names = ", ".join(spec.name for spec in session.outputs)
    if said.output is None and len(session.outputs) > 1:
        message = f"{where}: the embedding model has several outputs: {names}"
        raise DescriptionError(message, hint="say which one: output = …")
    for spec in session.outputs:
        if said.output in (None, spec.name):
            return spec
    message = f"{where} output = {said.output!r} is no output of the embedding model"
    raise DescriptionError(message, hint=f"its outputs are: {names}")


def _projection(spec: TensorSpec, said: TensorDescription, folder: Path) -> tuple[Array | None, str]:
    """The matrix in float64 and the digest of its file. Raises InputDataError for anything else."""
    if said.projection is None:
        return None, ""
    path = folder / said.projection
    matrix = load_array(spec.name, path)
    if matrix.ndim != 2 or matrix.dtype.kind != "f" or not np.isfinite(matrix).all():
        got = f"{matrix.dtype.name} {list(matrix.shape)}"
        message = f"input {spec.name}: projection {path} is {got}, a finite float matrix expected"
        raise InputDataError(message, hint="rows are the embedding's numbers, columns the input's")
    return matrix.astype(np.float64), digest_of_path(path)


def _check_sizes(spec: TensorSpec, output: TensorSpec, size: int, matrix: Array | None, photos: int) -> None:
    """The output, times the matrix, fills the input (per photo of its batch)."""
    name, wanted = spec.name, int(np.prod(spec.shape, dtype=np.int64))
    if matrix is not None:
        if matrix.shape[0] != size:
            message = (
                f"input {name}: the projection has {matrix.shape[0]} rows,"
                f" the embedding {list(output.shape)} has {size} numbers"
            )
            hint = (
                "it is multiplied from the right: vector @ matrix; save its transpose if it is the other way"
            )
            raise InputDataError(message, hint=hint)
        size = matrix.shape[1]
    if size * photos != wanted:
        of = f", {photos} times" if photos > 1 else ""
        message = f"input {name}: an embedding of {size} numbers{of}, {list(spec.shape)} expected"
        raise InputDataError(message, hint=f"correct from, output or projection in [inputs.{name}]")
