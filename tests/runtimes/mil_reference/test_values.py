"""Constants written inside the program are read in every type."""

import numpy as np
import pytest

from mobilekit.errors import ModelFileError
from mobilekit.libraries import coremltools
from mobilekit.runtimes.mil_reference.types import ListType, StateType, TensorType
from mobilekit.runtimes.mil_reference.values import Values, type_of


def proto():
    coremltools()
    from coremltools.proto import MIL_pb2

    return MIL_pb2


def value(dtype, shape, **tensor):
    mil = proto()
    message = mil.Value()
    message.type.tensorType.dataType = getattr(mil, dtype)
    message.type.tensorType.rank = len(shape)
    for size in shape:
        message.type.tensorType.dimensions.add().constant.size = size
    for field, content in tensor.items():
        getattr(message.immediateValue.tensor, field).values = content if field == "bytes" else None
    return message


@pytest.mark.parametrize(
    ("dtype", "content", "expected"),
    [
        ("FLOAT16", np.array([0.5, -2], np.float16).tobytes(), np.array([0.5, -2], np.float16)),
        ("UINT8", b"\x00\xff", np.array([0, 255], np.uint8)),
        ("INT8", b"\x00\xff", np.array([0, -1], np.int8)),
        ("UINT4", b"\xf1", np.array([1, 15], np.uint8)),
        ("INT4", b"\xf1", np.array([1, -1], np.int8)),
    ],
)
def test_types_in_bytes(dtype, content, expected, tmp_path):
    """Types that are written as bytes are read in their own type, narrow ones too."""
    read = Values(weights_dir=tmp_path).of(value(dtype, (2,), bytes=content))
    assert read.dtype == expected.dtype
    np.testing.assert_array_equal(read, expected)


def test_a_size_that_is_not_the_types_is_an_error(tmp_path):
    """A constant of another size than its type says is an error."""
    with pytest.raises(ModelFileError, match=r"a constant of 2 elements, expected uint8 \[3\]"):
        Values(weights_dir=tmp_path).of(value("UINT8", (3,), bytes=b"\x00\xff"))


def test_texts_and_scalars(tmp_path):
    """A scalar string is a text, a vector of them an array; a scalar number has no axes."""
    text = value("STRING", ())
    text.immediateValue.tensor.strings.values.append("same")
    assert Values(weights_dir=tmp_path).of(text) == "same"
    number = value("INT32", ())
    number.immediateValue.tensor.ints.values.append(-3)
    read = Values(weights_dir=tmp_path).of(number)
    assert read.shape == ()
    assert read == -3


def test_types_of_lists_and_states():
    """Lists and states say what is inside; element types that are not read are refused."""
    mil = proto()
    element = value("FLOAT32", (2,)).type
    listed = mil.ValueType()
    listed.listType.type.CopyFrom(element)
    listed.listType.length.unknown.variadic = False
    inner = TensorType(dtype="fp32", shape=(2,))
    assert type_of(listed) == ListType(element=inner, length=None)
    state = mil.ValueType()
    state.stateType.wrappedType.CopyFrom(element)
    assert type_of(state) == StateType(wrapped=inner)
    with pytest.raises(ModelFileError, match="element type 40"):
        type_of(value("FLOAT8E4M3FN", (2,)).type)
    with pytest.raises(ModelFileError, match="type none"):
        type_of(mil.ValueType())
