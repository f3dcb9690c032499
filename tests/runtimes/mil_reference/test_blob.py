"""weight.bin is read as coremltools' own writer writes it, whatever the width of the elements."""

import numpy as np
import pytest

from mobilekit.errors import ModelFileError
from mobilekit.libraries import coremltools
from mobilekit.runtimes.mil_reference.blob import open_blobs, unpacked

VALUES = {
    "int4": np.array([1, -8, 7, -3, 0], np.int8),
    "uint1": np.array([1, 0, 0, 1, 0, 0, 0, 0, 1], np.uint8),
    "uint2": np.array([3, 0, 1, 2, 3], np.uint8),
    "uint3": np.array([7, 0, 1, 2, 5], np.uint8),
    "uint4": np.array([15, 0, 9], np.uint8),
    "uint6": np.array([63, 0, 1, 42, 7], np.uint8),
    "uint8": np.array([255, 0, 1], np.uint8),
    "int8": np.array([-128, 0, 127], np.int8),
    "uint16": np.array([65535, 1], np.uint16),
    "int16": np.array([-32768, 1], np.int16),
    "uint32": np.array([2**32 - 1, 1], np.uint32),
    "int32": np.array([-(2**31), 1], np.int32),
    "float": np.array([1.5, -2.25], np.float32),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    coremltools()
    from coremltools.libmilstoragepython import _BlobStorageWriter

    path = tmp_path_factory.mktemp("blobs") / "weight.bin"
    writer = _BlobStorageWriter(str(path))
    offsets = {name: getattr(writer, f"write_{name}_data")(values) for name, values in VALUES.items()}
    half = np.array([0.5, -65504.0, 6e-8], np.float16)
    offsets["fp16"] = writer.write_fp16_data(half.view(np.uint16))
    del writer
    return path, offsets, half


@pytest.mark.parametrize("name", VALUES)
def test_every_type_is_read_as_it_was_written(written, name):
    """Every type is read as it was written, narrow ones one to a byte and with their sign."""
    path, offsets, _ = written
    read = open_blobs(path).read(offsets[name], {"float": "fp32"}.get(name, name))
    assert read.dtype == VALUES[name].dtype
    np.testing.assert_array_equal(read, VALUES[name])


def test_half_precision_is_read_as_it_was_written(written):
    """fp16 is read bit by bit, subnormal numbers too."""
    path, offsets, half = written
    np.testing.assert_array_equal(open_blobs(path).read(offsets["fp16"], "fp16"), half)


def test_another_type_than_declared_is_an_error(written):
    """A blob of another type than the program says, or none at all, is named."""
    path, offsets, _ = written
    with pytest.raises(ModelFileError, match="holds int8, the program says uint8"):
        open_blobs(path).read(offsets["int8"], "uint8")
    with pytest.raises(ModelFileError, match="no blob at offset 8"):
        open_blobs(path).read(8, "uint8")
    with pytest.raises(ModelFileError, match="no blob at offset 99999999"):
        open_blobs(path).read(99_999_999, "uint8")


def test_a_truncated_file_is_an_error(written, tmp_path):
    """A file that ends too early is an error, not numbers from nowhere."""
    path, offsets, _ = written
    cut = tmp_path / "weight.bin"
    cut.write_bytes(path.read_bytes()[: offsets["fp16"] + 64])
    with pytest.raises(ModelFileError, match="no blob"):
        open_blobs(cut).read(offsets["fp16"], "fp16")
    cut.write_bytes(b"short")
    with pytest.raises(ModelFileError, match="not a weight file of version 2"):
        open_blobs(cut)
    with pytest.raises(ModelFileError, match="cannot be read"):
        open_blobs(tmp_path / "missing.bin")


def test_packed_elements_begin_in_the_lowest_bits():
    """Packed elements begin in the lowest bits of the first byte, and cross bytes."""
    packed = np.array([0b11_010_001, 0b1], np.uint8)
    np.testing.assert_array_equal(unpacked(packed, "uint3", count=3), [1, 2, 7])
    np.testing.assert_array_equal(unpacked(np.array([0x8F], np.uint8), "int4", count=2), [-1, -8])
