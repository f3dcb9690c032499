"""Types and constants as MIL.proto writes them, into :class:`ValueType` and NumPy arrays."""

from __future__ import annotations

import math
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.errors import ModelFileError
from mobilekit.runtimes.mil_reference.blob import BlobFile, open_blobs, unpacked
from mobilekit.runtimes.mil_reference.types import (
    BITS,
    DTYPES,
    STORED,
    DictionaryType,
    ListType,
    StateType,
    TensorType,
    ValueType,
)

if TYPE_CHECKING:
    from mobilekit.tensors import Array


def type_of(message: Any) -> ValueType:
    """A ``ValueType`` message. Raises ModelFileError for element types that are not read here."""
    kind = message.WhichOneof("type")
    if kind == "tensorType":
        return _tensor_type(message.tensorType)
    if kind == "listType":
        element = type_of(message.listType.type)
        assert isinstance(element, TensorType)
        return ListType(element=element, length=_dimension(message.listType.length))
    if kind == "stateType":
        wrapped = type_of(message.stateType.wrappedType)
        assert isinstance(wrapped, TensorType)
        return StateType(wrapped=wrapped)
    if kind == "dictionaryType":
        key, value = type_of(message.dictionaryType.keyType), type_of(message.dictionaryType.valueType)
        assert isinstance(key, TensorType)
        assert isinstance(value, TensorType)
        return DictionaryType(key=key.dtype, value=value.dtype)
    text = f"a value of type {kind or 'none'}: not read by this version"
    raise ModelFileError(text)


def _tensor_type(message: Any) -> TensorType:
    dtype = DTYPES.get(message.dataType)
    if dtype is None:
        text = f"a tensor of element type {message.dataType}: not read by this version"
        raise ModelFileError(text, hint=f"known are {', '.join(DTYPES.values())}")
    if message.rank < 0 or any(d.unknown.variadic for d in message.dimensions):
        return TensorType(dtype=dtype, shape=None)
    return TensorType(dtype=dtype, shape=tuple(_dimension(d) for d in message.dimensions))


def _dimension(message: Any) -> int | None:
    return int(message.constant.size) if message.WhichOneof("dimension") == "constant" else None


class Values:
    """Constants of one package; its weight files are opened when first needed, and once."""

    def __init__(self, *, weights_dir: Path) -> None:
        self._weights_dir = weights_dir
        self._files: dict[str, BlobFile] = {}

    def of(self, message: Any) -> Array | str | tuple[Any, ...]:
        """A ``Value`` message: an array (a text where it is one string), or a tuple for lists and tuples.

        Raises ModelFileError if its size is not what its type says.
        """
        if message.WhichOneof("value") == "blobFileValue":
            declared = type_of(message.type)
            assert isinstance(declared, TensorType)
            return _shaped(self._blob(message.blobFileValue, declared.dtype), declared)
        kind = message.immediateValue.WhichOneof("value")
        if kind in ("list", "tuple"):
            return tuple(self.of(item) for item in getattr(message.immediateValue, kind).values)
        if kind != "tensor":
            text = f"a constant of kind {kind or 'none'}: not read by this version"
            raise ModelFileError(text)
        declared = type_of(message.type)
        assert isinstance(declared, TensorType)
        return _immediate(message.immediateValue.tensor, declared)

    def _blob(self, reference: Any, dtype: str) -> Array:
        name = PurePosixPath(reference.fileName).name
        if name not in self._files:
            self._files[name] = open_blobs(self._weights_dir / name)
        return self._files[name].read(reference.offset, dtype)


def _immediate(tensor: Any, declared: TensorType) -> Array | str:
    field = tensor.WhichOneof("value")
    dtype = declared.dtype
    if dtype == "string":
        texts = [str(text) for text in tensor.strings.values]
        return texts[0] if declared.shape == () else np.array(texts, dtype=object)
    if field != "bytes":
        held = getattr(tensor, field).values if field else ()
        return _shaped(np.array(held, dtype=STORED[dtype]), declared)
    content = np.frombuffer(tensor.bytes.values, np.uint8)
    if dtype in BITS:
        count = math.prod(d or 0 for d in declared.shape or ())
        return _shaped(unpacked(content, dtype, count=count), declared)
    return _shaped(content.view(np.dtype(STORED[dtype]).newbyteorder("<")), declared)


def _shaped(vector: Array, declared: TensorType) -> Array:
    shape = tuple(d or 0 for d in declared.shape or ())
    if vector.size != math.prod(shape):
        text = f"a constant of {vector.size} elements, expected {declared}"
        raise ModelFileError(text, hint="the package was changed; convert again")
    return vector.reshape(shape)
