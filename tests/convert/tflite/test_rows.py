"""Vectors along a few channels become rows: the same bits, and only where that is faster."""

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from mobilekit.convert.tflite.builder import FileBuilder
from mobilekit.convert.tflite.rows import LEAST_POSITIONS, MOST_CHANNELS, repeat_along_rows
from mobilekit.convert.tflite.writer import write

IMAGE = (1, 32, 40, 3)


def file_of(shape, vector, kind, *, constant, repeated):
    """The .tflite file of one operator between a map and a vector, and its operators."""
    builder = FileBuilder()
    data = builder.tensor("x", shape, np.dtype(np.float32))
    builder.inputs = [data]
    if constant:
        other = builder.constant("v", vector)
    else:
        other = builder.tensor("v", vector.shape, np.dtype(np.float32))
        builder.inputs.append(other)
    result = builder.tensor("y", shape, np.dtype(np.float32))
    builder.operator(kind, (data, other), (result,), {})
    builder.outputs = [result]
    if repeated:
        repeat_along_rows(builder)
    names = {"inputs": {"x": data} if constant else {"x": data, "v": other}, "outputs": {"y": result}}
    return write(builder, signature=names, metadata={}), [o.kind for o in builder.operators]


def result_of(content, *values):
    """What LiteRT computes."""
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    for details, value in zip(interpreter.get_input_details(), values, strict=True):
        interpreter.set_tensor(details["index"], value)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"])
@pytest.mark.parametrize("constant", [True, False])
def test_the_same_bits(kind, constant):
    """A constant is repeated in the file, a computed vector by one multiplication with ones."""
    random = np.random.default_rng(0)
    x = random.standard_normal(IMAGE).astype(np.float32)
    vector = random.uniform(0.5, 2, (1, 1, 1, 3)).astype(np.float32)
    found = []
    for repeated in (False, True):
        content, kinds = file_of(IMAGE, vector, kind, constant=constant, repeated=repeated)
        assert kinds == ([kind] if constant or not repeated else ["MUL", kind])
        found.append(result_of(content, *((x,) if constant else (x, vector))))
    np.testing.assert_array_equal(*found)


def test_vectors_of_fewer_axes_and_infinities():
    """A constant of rank 1 is a vector too; what is not finite stays as it is."""
    x = np.ones(IMAGE, np.float32)
    vector = np.array([np.inf, np.nan, -0.0], np.float32)
    contents = [file_of(IMAGE, vector, "MUL", constant=True, repeated=r)[0] for r in (False, True)]
    assert contents[0] != contents[1]
    np.testing.assert_array_equal(*[result_of(c, x) for c in contents])


def test_one_row_serves_all_its_readers():
    """The vector that two operators of one width read is widened once."""
    builder = FileBuilder()
    data = builder.tensor("x", IMAGE, np.dtype(np.float32))
    vector = builder.tensor("v", (1, 1, 1, 3), np.dtype(np.float32))
    for kind in ("MUL", "ADD"):
        builder.operator(kind, (data, vector), (builder.tensor("y", IMAGE, np.dtype(np.float32)),), {})
    repeat_along_rows(builder)
    assert [o.kind for o in builder.operators] == ["MUL", "MUL", "ADD"]
    assert builder.operators[1].inputs == (data, builder.operators[0].outputs[0])


@pytest.mark.parametrize(
    ("shape", "vector"),
    [
        ((1, 32, 40, MOST_CHANNELS + 4), (1, 1, 1, MOST_CHANNELS + 4)),
        ((1, 8, LEAST_POSITIONS // 8 - 1, 3), (1, 1, 1, 3)),
        ((1, 1, 2000, 3), (1, 1, 1, 3)),
        (IMAGE, (1, 1, 1, 1)),
        (IMAGE, (1, 1, 40, 3)),
        (IMAGE, (1, 32, 40, 1)),
    ],
)
def test_what_stays(shape, vector):
    """Many channels, small maps, one row, and operands that are no vectors along the channels."""
    values = np.ones(vector, np.float32)
    files = [file_of(shape, values, "ADD", constant=False, repeated=r) for r in (False, True)]
    assert files[0] == files[1]


def test_batches_of_vectors():
    """One vector for each image of a batch."""
    random = np.random.default_rng(0)
    shape = (2, 32, 40, 5)
    x = random.standard_normal(shape).astype(np.float32)
    vector = random.standard_normal((2, 1, 1, 5)).astype(np.float32)
    content, kinds = file_of(shape, vector, "MUL", constant=False, repeated=True)
    assert kinds == ["MUL", "MUL"]
    np.testing.assert_array_equal(result_of(content, x, vector), x * vector)


def test_prelu_with_slopes_up_to_one_is_a_maximum():
    """As long as one row of slopes helps: the same bits, infinities too."""
    random = np.random.default_rng(0)
    x = random.standard_normal(IMAGE).astype(np.float32)
    x[0, 0, :3, 0] = (np.inf, -np.inf, np.nan)
    slopes = np.array([0.25, -0.5, 1], np.float32).reshape(1, 1, 3)
    plain, _ = file_of(IMAGE, slopes, "PRELU", constant=True, repeated=False)
    content, kinds = file_of(IMAGE, slopes, "PRELU", constant=True, repeated=True)
    assert kinds == ["MUL", "MAXIMUM"]
    np.testing.assert_array_equal(result_of(content, x), result_of(plain, x))


@pytest.mark.parametrize("slopes", [(0.25, 0.5, 1.5), (0.25, 0.5, 0)])
def test_other_slopes_stay(slopes):
    """A slope above one would need a minimum, and 0 times infinity is no number."""
    constant = np.array(slopes, np.float32).reshape(1, 1, 3)
    assert file_of(IMAGE, constant, "PRELU", constant=True, repeated=True)[1] == ["PRELU"]
