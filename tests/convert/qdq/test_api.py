"""A QDQ model: valid ONNX, the same bytes again, names and border of the model, and what it says of itself."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import onnx
import pytest

from mobilekit.artifact import digest_of_bytes
from mobilekit.convert import qdq
from mobilekit.errors import PlanError
from mobilekit.runtimes.ort import open_graph, open_onnx
from tests.convert.qdq.conftest import feeds_of, graph_of, plan_of

INPUTS = "float[1, 3, 8, 8] x"
BODY = "c = Conv<pads = [1,1,1,1]>(x, w, b) r = Relu(c) e = Exp(r) y = MaxPool<kernel_shape = [2,2]>(e)"
WEIGHTS = {
    "w": np.random.default_rng(0).normal(0, 0.2, (4, 3, 3, 3)).astype(np.float32),
    "b": np.ones(4, np.float32),
}


def tiny():
    """Conv, Relu, Exp (which is float) and MaxPool."""
    return graph_of(BODY, WEIGHTS, inputs=INPUTS)


def test_the_model_is_valid_and_computes_the_graph(tmp_path):
    """ONNX's checker accepts it; the result is near, and outputs keep their names."""
    graph = tiny()
    content = qdq.emit(graph, precision="int8", plan=plan_of(graph))
    model = onnx.ModelProto.FromString(content)
    onnx.checker.check_model(model, full_check=True)
    (tmp_path / "net.qdq.onnx").write_bytes(content)
    feed = feeds_of(graph)[0]
    with open_graph(graph) as reference, open_onnx(tmp_path / "net.qdq.onnx") as session:
        wanted, got = reference.run(feed)["y"], session.run(feed)["y"]
    assert np.abs(wanted - got).max() < 0.05 * np.ptp(wanted)
    assert session.inputs == graph.inputs
    assert session.outputs == graph.outputs


def test_float_values_keep_their_names():
    """A value is called as in the model where it is float; integers and steps between have other names."""
    graph = tiny()
    model = onnx.ModelProto.FromString(qdq.emit(graph, precision="int8", plan=plan_of(graph)))
    makers = {name: node.op_type for node in model.graph.node for name in node.output}
    assert makers["r"] == makers["y"] == "DequantizeLinear"
    assert makers["e"] == "Exp"
    assert "c" not in makers, "the activation is part of the convolution's integers"
    assert len({node.name for node in model.graph.node}) == len(model.graph.node)


def test_a_float_file_has_no_integers():
    """Of precision fp32: the same operators without a conversion, the same result."""
    graph = tiny()
    model = onnx.ModelProto.FromString(qdq.emit(graph, precision="fp32"))
    assert [node.op_type for node in model.graph.node] == ["Conv", "Relu", "Exp", "MaxPool"]


def test_metadata_tells_plan_and_integers():
    """Format, digest of the plan, and the names under which integers are found."""
    graph = tiny()
    plan = plan_of(graph)
    model = onnx.ModelProto.FromString(qdq.emit(graph, precision="int8", plan=plan))
    said = json.loads(next(p.value for p in model.metadata_props if p.key == "mobilekit"))
    assert said["format"] == "mobilekit-qdq/1"
    assert said["plan"] == digest_of_bytes(plan.to_json().encode())
    assert said["inputs"] == [{"name": "x", "dtype": "float32", "shape": [1, 3, 8, 8]}]
    assert said["written"] == ["r", "y"]
    names = {name for node in model.graph.node for name in node.output}
    assert set(said["integers"]) == {"x", "r", "e", "y"}
    assert set(said["integers"].values()) <= names


def test_a_plan_goes_with_integers_only():
    """Neither may be missing, nor be one too many."""
    graph = tiny()
    with pytest.raises(PlanError, match="needs a plan"):
        qdq.emit(graph, precision="int8")
    with pytest.raises(PlanError, match="takes no plan"):
        qdq.emit(graph, precision="fp32", plan=plan_of(graph))
    plan = plan_of(graph)
    del plan.values["r"]
    with pytest.raises(PlanError, match="no scale for r"):
        qdq.emit(graph, precision="int8", plan=plan)


_CODE = """
import hashlib
from tests.convert.qdq.test_api import plan_of, qdq, tiny
graph = tiny()
print(hashlib.sha256(qdq.emit(graph, precision="int8", plan=plan_of(graph))).hexdigest())
"""


def test_two_processes_write_the_same_bytes():
    """Whatever Python's hashes are."""
    graph = tiny()
    here = hashlib.sha256(qdq.emit(graph, precision="int8", plan=plan_of(graph))).hexdigest()
    done = subprocess.run(
        [sys.executable, "-c", _CODE],
        env={"PYTHONHASHSEED": "7", "PYTHONPATH": ".", "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == here
