"""What must hold of a model: structure, types at the border, weights."""

import numpy as np
import onnx
import pytest

from mobilekit.errors import InvalidWeightsError, ModelError, ModelFileError
from mobilekit.source.load import load
from tests.source.test_load import parse, saved


def _with(model, **constants):
    model.graph.initializer.extend(onnx.numpy_helper.from_array(v, k) for k, v in constants.items())
    return model


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64])
def test_nan_in_a_constant_that_is_used(tmp_path, dtype):
    """The tensor is named, and how many."""
    kind = {"float32": "float", "float16": "float16", "float64": "double"}[np.dtype(dtype).name]
    model = parse("y = Add (x, w)", border=f"({kind}[1,2] x) => ({kind}[1,2] y)")
    with pytest.raises(InvalidWeightsError, match="1 NaN of 2 values in tensor 'w'"):
        load(saved(tmp_path, _with(model, w=np.array([1, np.nan], dtype))))


def test_nan_in_a_constant_node(tmp_path):
    """Weights may also be Constant nodes."""
    model = parse("y = Add (x, w)")
    node = onnx.helper.make_node(
        "Constant", [], ["w"], value=onnx.numpy_helper.from_array(np.array([np.nan], np.float32))
    )
    model.graph.node.insert(0, node)
    with pytest.raises(InvalidWeightsError, match="tensor 'w'"):
        load(saved(tmp_path, model))


def test_nan_where_nothing_reads_it(tmp_path):
    """An unused tensor harms nobody."""
    load(saved(tmp_path, _with(parse("y = Relu (x)"), w=np.array([np.nan], np.float32))))


def test_infinity_is_wrong_in_weights_and_right_in_a_mask(tmp_path):
    """Attention masks are made of it; convolutions are not."""
    mask = np.array([0, -np.inf], np.float32)
    load(saved(tmp_path, _with(parse("m = Add (x, w) y = Softmax (m)"), w=mask)))
    with pytest.raises(InvalidWeightsError, match="1 infinite of 4 values in tensor 'w'"):
        load(
            saved(tmp_path, _with(parse("y = MatMul (x, w)"), w=np.array([[1, 2], [np.inf, 3]], np.float32)))
        )


def test_values_that_nothing_computes(tmp_path):
    """A missing input of a node, a missing output of the graph, a value defined twice."""
    with pytest.raises(ModelFileError, match="Relu, node y reads 'h', which nothing before it computes"):
        load(saved(tmp_path, parse("y = Relu (h)")))
    with pytest.raises(ModelFileError, match="nothing computes the output 'y'"):
        load(saved(tmp_path, parse("z = Relu (x)")))
    with pytest.raises(ModelFileError, match="defines 'y' a second time"):
        load(saved(tmp_path, parse("y = Relu (x) y = Abs (x)")))


def test_borders_that_are_not_tensors_of_numbers(tmp_path):
    """Sequences and strings are refused, integers and booleans are not."""
    with pytest.raises(ModelError, match="'x' is a sequence_type"):
        load(saved(tmp_path, parse("y = SequenceLength (x)", border="(seq(float[2]) x) => (int64 y)")))
    with pytest.raises(ModelError, match="'x' has elements of type STRING"):
        load(saved(tmp_path, parse("y = Identity (x)", border="(string[2] x) => (string[2] y)")))
    load(saved(tmp_path, parse("y = Not (x)", border="(bool[2] x) => (bool[2] y)")))
