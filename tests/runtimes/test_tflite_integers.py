"""Which tensors of a .tflite file hold a value's integers: its own, and what QUANTIZE makes of it."""

import numpy as np
import pytest

from mobilekit.convert import tflite
from mobilekit.errors import ModelFileError
from mobilekit.runtimes.litert import open_tflite
from mobilekit.runtimes.tflite_integers import integer_tensors
from tests.convert.qdq.conftest import feeds_of, graph_of, plan_of


def test_integers_of_integer_and_of_float_operators_are_found(tmp_path):
    """The input's and a float result's are made by QUANTIZE; each has the plan's scale, and reads as it says."""
    graph = graph_of(
        "r = Relu(x) e = Exp(r) y = MaxPool<kernel_shape = [2, 2]>(e)", inputs="float[1, 3, 4, 4] x"
    )
    plan = plan_of(graph)
    path = tmp_path / "net.tflite"
    path.write_bytes(tflite.emit(graph, precision="int8", plan=plan))
    found = integer_tensors(path)
    assert set(found) == {"x", "r", "e", "y"}
    for value, (tensor, *others) in found.items():
        assert not others
        assert tensor.scale == pytest.approx(plan.values[value].scale)
        assert tensor.zero_point == plan.values[value].zero_point
    feed = feeds_of(graph)[0]
    with open_tflite(path) as session:
        tensor = found["r"][0]
        stored = session.run_stored(feed, [tensor.index])[tensor.index]
    real = tensor.scale * (
        np.transpose(stored, np.argsort(tensor.permutation)).astype(int) - tensor.zero_point
    )
    assert np.abs(real - np.maximum(feed["x"], 0)).max() <= tensor.scale + plan.values["x"].scale


def test_a_float_file_has_none_and_a_damaged_one_is_told(tmp_path):
    """Nothing is taken for integers that is not."""
    graph = graph_of("y = Relu(x)", inputs="float[1, 3, 4, 4] x")
    (tmp_path / "net.tflite").write_bytes(tflite.emit(graph, precision="fp32"))
    assert integer_tensors(tmp_path / "net.tflite") == {}
    (tmp_path / "net.tflite").write_bytes(b"no such file format")
    with pytest.raises(ModelFileError):
        integer_tensors(tmp_path / "net.tflite")
