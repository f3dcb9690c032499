"""Feeds and outputs as .npz files, by ONNX names."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mobilekit.errors import InputDataError

if TYPE_CHECKING:
    from mobilekit.tensors import Array, Feed


def read_feed(path: Path) -> dict[str, Array]:
    """The arrays of a .npz file by name. Raises InputDataError; pickled objects are refused."""
    import zipfile

    import numpy as np

    if not path.exists():
        message = f"{path}: no such file"
        raise InputDataError(message, hint="give the path of an .npz file")
    hint = "write it with numpy.savez(path, **{name: array}), without objects"
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                message = f"{path} holds a single array, an .npz archive of named arrays expected"
                raise InputDataError(message, hint=hint)
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as problem:
        message = f"{path} is not a readable .npz file"
        raise InputDataError(message, hint=hint) from problem


def write_outputs(path: Path, outputs: Feed) -> None:
    """Write arrays as a .npz file, whole or not at all. Raises OutputError."""
    import numpy as np

    from mobilekit.store.canonical import atomic_write

    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **dict(outputs))
    atomic_write(path, buffer.getvalue())


def described(array: Array) -> dict[str, Any]:
    """Shape, type and extremes of an array, as JSON; None for what is not finite."""
    import numpy as np

    summary: dict[str, Any] = {"dtype": array.dtype.name, "shape": list(array.shape)}
    if array.size and array.dtype.kind in "fiub":
        figures = {"min": array.min(), "max": array.max(), "mean": array.mean(dtype=np.float64)}
        summary |= {k: float(v) if np.isfinite(v) else None for k, v in figures.items()}
    return summary
