"""The driver in the child: what it does before and after LiteRT, which sessions test on a real GPU."""

import numpy as np
import pytest

from mobilekit.errors import AcceleratorError
from mobilekit.runtimes import litert_gpu_driver


class Buffer:
    """A buffer of LiteRT's by its Python interface."""

    def __init__(self, value, dtype=None):
        self.value, self.dtype = value, dtype or value.dtype.name

    def get_tensor_details(self):
        return {"dtype": self.dtype, "shape": list(self.value.shape)}

    def read(self, count, dtype):
        content = np.frombuffer(self.value.tobytes(), dtype)
        assert len(content) == count
        return content


@pytest.mark.parametrize(
    "value", [np.arange(6).reshape(2, 3), np.array(1.5, np.float32), np.ones((1, 2), bool)]
)
def test_numbers_of_every_type_are_read(value):
    """As bytes, and seen as what they are."""
    got = litert_gpu_driver._read(Buffer(value))
    np.testing.assert_array_equal(got, value)
    assert (got.dtype, got.shape) == (value.dtype, value.shape)


def test_types_without_a_name_are_refused():
    """LiteRT calls some of its types unknown."""
    with pytest.raises(AcceleratorError, match="a type that LiteRT calls 'no such type'"):
        litert_gpu_driver._read(Buffer(np.ones(2), "no such type"))


def test_a_loader_that_is_not_there(tmp_path):
    """The Vulkan loader is loaded first: without it nothing else is tried."""
    with pytest.raises(OSError, match=r"none\.so"):
        litert_gpu_driver.open_driver(
            tmp_path / "x.tflite", {"loader": "/nowhere/none.so", "enforce_f32": True}
        )
