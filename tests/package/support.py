"""File facts and outputs made by hand, without a runtime."""

from __future__ import annotations

from mobilekit.package.tflite_facts import FileFacts, FileOperator, FileTensor
from mobilekit.quantisation import Scale


def tensor(dtype: str) -> FileTensor:
    """A tensor of 4 elements; int8 ones have a scale."""
    scale = Scale(scale=0.1, zero_point=0) if dtype == "int8" else None
    return FileTensor(dtype=dtype, shape=(4,), quantisation=scale)


def facts(name: str, dtypes: tuple[str, ...], *, custom: str = "") -> FileFacts:
    """One operator whose operands have ``dtypes``."""
    operator = FileOperator(name=name, custom=custom, inputs=tuple(range(len(dtypes))), outputs=())
    return FileFacts(tensors=tuple(map(tensor, dtypes)), operators=(operator,), inputs=(0,), outputs=())
