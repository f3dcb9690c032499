"""Values of inputs that are not images: from files, or written down as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.artifact import digest_of_bytes, digest_of_path
from mobilekit.calibrate.array_files import ArrayFile, open_array
from mobilekit.errors import DescriptionError, InputDataError

if TYPE_CHECKING:
    from mobilekit.description import Numbers
    from mobilekit.tensors import Array, TensorSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayFiles:
    """Samples in files. A file holds one sample (the input's shape) or a leading sample axis."""

    spec: TensorSpec
    files: tuple[tuple[ArrayFile, int | None], ...]
    digest: str

    def __len__(self) -> int:
        return len(self.files)

    def value(self, items: tuple[int, ...], index: int) -> Array:
        """The sample of ``items[index]``, modulo the number of samples."""
        file, row = self.files[items[index] % len(self.files)]
        array = file.whole() if row is None else file.row(row)
        return np.array(array, copy=True).reshape(self.spec.shape)

    def beside(self, photos: Sequence[str], sources: Sequence[str]) -> ArrayFiles:
        """The same in the order of ``photos``, if the files (one sample each) are named like them.

        Names of two pictures (``sources``) alike name neither. Raises InputDataError if some photos have
        a file of their name and some have none.
        """
        own = {file.path.stem: (file, row) for file, row in self.files if row is None}
        stems = [PurePosixPath(name).stem for name in photos]
        shown = set(zip(stems, sources, strict=True))
        twice = len(shown) > len(set(stems))
        if len(own) != len(self.files) or len(own) < 2 or twice or not set(stems) & set(own):
            return self
        missing = [name for name, stem in zip(photos, stems, strict=True) if stem not in own]
        if missing:
            folder = self.files[0][0].path.parent
            message = f"input {self.spec.name}: no .npy file in {folder} is named like photo {missing[0]}"
            others = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
            hint = "give each photo one, or name them unlike the photos: then they follow in order"
            raise InputDataError(message + others, hint=hint)
        order = digest_of_bytes("\n".join(stems).encode())
        return replace(self, files=tuple(own[stem] for stem in stems), digest=f"{self.digest} {order}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Samples that the description writes down."""

    samples: tuple[Array, ...]
    digest: str

    def __len__(self) -> int:
        return len(self.samples)

    def value(self, items: tuple[int, ...], index: int) -> Array:
        """The sample of ``items[index]``, modulo the number of samples."""
        return self.samples[items[index] % len(self.samples)].copy()


def array_files(spec: TensorSpec, path: Path) -> ArrayFiles:
    """The samples in a .npy or .npz file, or in the .npy files of a folder sorted by name.

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
    samples = tuple(sample for file in files for sample in _samples(spec, file))
    digest = digest_of_path(path) if path.is_file() else ",".join(digest_of_path(f) for f in files)
    return ArrayFiles(spec=spec, files=samples, digest=digest)


def written(spec: TensorSpec, value: Numbers) -> Written:
    """The samples of ``value = …``: one number for all elements, an array, or several as in a file.

    An input of one element takes a plain list as so many samples. Raises DescriptionError where the
    numbers have another shape, or are none that the input's type can hold.
    """
    array = _as_array(spec, value)
    if array.ndim == 0:
        samples = [np.full(spec.shape, array)]
    elif array.ndim == 1 and np.prod(spec.shape, dtype=np.int64) == 1:
        samples = [number.reshape(spec.shape) for number in array]
    elif array.shape == spec.shape:
        samples = [array]
    elif _leading(array.shape, spec):
        samples = [row.reshape(spec.shape) for row in array]
    else:
        message = f"[inputs.{spec.name}] value has shape {list(array.shape)}, {list(spec.shape)} expected"
        raise DescriptionError(message, hint="one number, the whole array, or a list of such arrays")
    digest = digest_of_bytes(b"".join(sample.tobytes() for sample in samples))
    return Written(samples=tuple(samples), digest=f"{len(samples)} {digest}")


def _as_array(spec: TensorSpec, value: Numbers) -> Array:
    where = f"[inputs.{spec.name}] value"
    try:
        exact = np.array(value)
    except ValueError as error:
        message = f"{where} has rows of different lengths"
        raise DescriptionError(message, hint=f"the input's shape is {list(spec.shape)}") from error
    with np.errstate(all="ignore"):
        array = exact.astype(spec.dtype.value)
    held = np.isfinite(array).all() if spec.dtype.is_float else np.array_equal(array, exact)
    if not held or (exact.dtype == np.bool_) != (array.dtype == np.bool_):
        message = f"{where} has numbers that {spec.dtype} cannot hold"
        raise DescriptionError(message, hint=f"the input's type is {spec.dtype}")
    return array


def _leading(shape: tuple[int, ...], spec: TensorSpec) -> bool:
    """Whether ``shape`` is samples of the input along a leading axis."""
    batch_of_one = spec.shape[1:] if spec.shape[:1] == (1,) else None
    return len(shape) > 0 and shape[0] > 0 and shape[1:] in (spec.shape, batch_of_one)


def _samples(spec: TensorSpec, path: Path) -> list[tuple[ArrayFile, int | None]]:
    """The samples in a file: None for the whole, or an entry of its leading axis."""
    file = open_array(spec.name, path)
    if file.shape != spec.shape and not _leading(file.shape, spec):
        message = f"input {spec.name}: {path} has shape {list(file.shape)}, {list(spec.shape)} expected"
        raise InputDataError(message, hint="one sample a file, or several along a leading axis")
    if file.dtype.name != spec.dtype.value:
        message = f"input {spec.name}: {path} has dtype {file.dtype.name}, {spec.dtype} expected"
        raise InputDataError(message, hint=f"save it with .astype(numpy.{spec.dtype})")
    rows: list[int | None] = [None] if file.shape == spec.shape else list(range(file.shape[0]))
    if spec.dtype.is_float and not all(_finite(file, row) for row in rows):
        message = f"input {spec.name}: {path} holds NaN or infinity"
        raise InputDataError(message)
    return [(file, row) for row in rows]


def _finite(file: ArrayFile, row: int | None) -> bool:
    return bool(np.isfinite(file.whole() if row is None else file.row(row)).all())
