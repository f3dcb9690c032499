"""Results are held against their declared types."""

import numpy as np
import pytest

from mobilekit.errors import UnsoundArtifactError
from mobilekit.runtimes.mil_reference.check import check_value, fits
from mobilekit.runtimes.mil_reference.types import TensorType


@pytest.mark.parametrize(
    ("shape", "declared", "fit"),
    [
        ((2, 3), (2, 3), True),
        ((2, 3), (None, 3), True),
        ((2, 3), None, True),
        ((2, 3), (3, 2), False),
        ((2,), (2, 1), False),
    ],
)
def test_open_dimensions_take_any_size(shape, declared, fit):
    """Open dimensions take any size, others only theirs."""
    assert fits(shape, declared) is fit


def test_another_shape_or_type_is_an_error():
    """Another shape, or another element type, is an error that says both."""
    declared = TensorType(dtype="fp16", shape=(2,))
    check_value(np.zeros(2, np.float32), declared, name="y", where="relu")
    with pytest.raises(
        UnsoundArtifactError, match=r"relu: y: .* got float32 \[3\], the program declares fp16 \[2\]"
    ):
        check_value(np.zeros(3, np.float32), declared, name="y", where="relu")
    with pytest.raises(UnsoundArtifactError, match=r"got int32 \[2\]"):
        check_value(np.zeros(2, np.int32), declared, name="y", where="relu")
    with pytest.raises(UnsoundArtifactError, match="got str"):
        check_value("text", declared, name="y", where="relu")
