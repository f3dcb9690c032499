"""What packages say of their inputs and outputs."""

import pytest

from mobilekit.errors import ModelFileError
from mobilekit.libraries import coremltools
from mobilekit.runtimes.mil_reference.features import default_function, features_of


@pytest.fixture
def specification():
    coremltools()
    from coremltools.proto import Model_pb2

    return Model_pb2.Model()


def test_images_and_arrays(specification):
    """An image is a tensor [1, channels, height, width] of its colours, an array has its own type."""
    image = specification.description.input.add(name="picture")
    image.type.imageType.width, image.type.imageType.height = 4, 2
    image.type.imageType.colorSpace = 30
    array = specification.description.output.add(name="ids")
    array.type.multiArrayType.shape.extend([3])
    array.type.multiArrayType.dataType = 131104
    (picture,), (ids,) = features_of(specification, "main")
    assert (picture.colour, picture.shape) == ("bgr", (1, 3, 2, 4))
    assert (ids.colour, ids.dtype, ids.shape) == (None, "int32", (3,))


def test_the_default_function(specification):
    """The default function is the one the package names, main, or the only one."""
    assert default_function(specification, ["a", "main"]) == "main"
    assert default_function(specification, ["a"]) == "a"
    specification.description.defaultFunctionName = "b"
    assert default_function(specification, ["a", "b"]) == "b"
    with pytest.raises(ModelFileError, match="no function 'b', only a, c"):
        default_function(specification, ["a", "c"])
