"""The written file: canonical bytes, shared buffers, lowest versions, names, metadata, precisions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mobilekit.convert.tflite import emit, refusals
from mobilekit.convert.tflite.quantisable import UNIT_INTERVAL
from mobilekit.convert.tflite.quantisable import operators as quantisable
from mobilekit.errors import PlanError
from mobilekit.quantisation import OperatorPlan, QuantisationPlan, Scale
from mobilekit.source.graph import Graph

HEAD = '<ir_version: 10, opset_import: ["": 21]> g'
RANDOM = np.random.default_rng(11)
KERNEL = RANDOM.normal(0, 0.2, (8, 3, 3, 3)).astype(np.float32)
BACK = RANDOM.normal(0, 0.2, (3, 8, 3, 3)).astype(np.float32)
TEXT = f"""{HEAD} (float[1,3,16,16] x) => (float y) {{
    a = Conv<pads=[1,1,1,1]>(x, w, b) r = Relu(a) c = Conv<pads=[1,1,1,1]>(r, v) y = Sigmoid(c) }}"""


@pytest.fixture(name="net")
def _net(graph_of) -> Graph:
    return graph_of(TEXT, {"w": KERNEL, "v": BACK, "b": np.ones(8, np.float32)})


def _unpacked(content: bytes):
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))


def _plan(net: Graph, **precisions: str) -> QuantisationPlan:
    values = {
        "x": Scale(scale=8 / 255, zero_point=0),
        "r": Scale(scale=8 / 255, zero_point=-128),
        "c": Scale(scale=12 / 255, zero_point=0),
        "y": UNIT_INTERVAL,
    }
    chosen = {"a": "int8", "c": "int8", "y": "int8", **precisions}
    return QuantisationPlan(
        graph_digest=net.digest,
        values=values,
        operators={k: OperatorPlan(precision=v) for k, v in chosen.items()},
    )


def test_bytes_do_not_depend_on_the_process(net: Graph, images, tmp_path: Path) -> None:
    """Another process with another hash seed writes the same bytes."""
    (tmp_path / "net.onnx").write_bytes(net.model)
    script = (
        "import sys, onnx, hashlib\n"
        "from mobilekit.convert.tflite import emit\n"
        "from mobilekit.source.graph import graph_from_proto\n"
        "graph = graph_from_proto(onnx.load(sys.argv[1]), stage='legalised')\n"
        "print(hashlib.sha256(emit(graph, precision='fp32')).hexdigest())\n"
    )
    digests = set()
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "net.onnx")],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        digests.add(run.stdout)
    assert len(digests) == 1


def test_names_signature_and_metadata(net: Graph, images) -> None:
    """Tensors and signature carry the ONNX names; the metadata says how to undo the layout."""
    model = _unpacked(emit(net, precision="fp32", description=images(net)))
    graph, signature = model.subgraphs[0], model.signatureDefs[0]
    assert [graph.tensors[i].name for i in (*graph.inputs, *graph.outputs)] == [b"x", b"y"]
    assert list(graph.tensors[graph.inputs[0]].shape) == [1, 16, 16, 3]
    assert [m.name for m in (*signature.inputs, *signature.outputs)] == [b"x", b"y"]
    content = json.loads(bytes(model.buffers[model.metadata[0].buffer].data))
    assert content["inputs"] == [
        {"name": "x", "dtype": "float32", "shape": [1, 3, 16, 16], "permutation": [0, 2, 3, 1]}
    ]
    assert {"x", "r", "c", "y"} <= content["tensors"].keys()
    assert "a" not in content["tensors"]


def test_tensor_names_are_unique(net: Graph, images) -> None:
    """No two tensors of a file share a name."""
    tensors = _unpacked(emit(net, precision="int8", plan=_plan(net, c="float"), description=images(net)))
    names = [t.name for t in tensors.subgraphs[0].tensors]
    assert len(names) == len(set(names))


def test_operands_of_transposes_have_names_of_their_own(graph_of) -> None:
    """Layouts that meet: several permutations and shapes, which other tools would take for one tensor."""
    text = f"""{HEAD} (float[1,4,6,6] x) => (float y, float z) {{
        a = MaxPool<kernel_shape = [2,2]>(x) y = Transpose<perm = [1,0,2,3]>(a)
        b = MaxPool<kernel_shape = [3,3]>(x) z = Softmax<axis = 2>(b) }}"""
    subgraph = _unpacked(emit(graph_of(text), precision="fp32")).subgraphs[0]
    names = [t.name for t in subgraph.tensors]
    assert sum(name.split(b"/")[0] == b"axes" for name in names) > 1
    assert len(names) == len(set(names))
    assert [subgraph.tensors[i].name for i in (*subgraph.inputs, *subgraph.outputs)] == [b"x", b"y", b"z"]


def test_equal_buffers_are_shared_and_aligned(graph_of) -> None:
    """Two equal weights are one buffer, which starts on a multiple of 16 bytes."""
    text = f"{HEAD} (float[2,32] x) => (float y) {{ a = MatMul(x, w) b = Sin(a) y = MatMul(b, v) }}"
    weights = RANDOM.normal(0, 1, (32, 32)).astype(np.float32)
    other = weights + 1
    same = emit(graph_of(text, {"w": weights, "v": weights}), precision="fp32")
    different = emit(graph_of(text, {"w": weights, "v": other}), precision="fp32")
    assert len(different) - len(same) >= weights.nbytes
    for content in (same, different):
        assert content.index(weights.T.tobytes()) % 16 == 0


def test_versions_are_the_lowest_that_serve(net: Graph, images) -> None:
    """Float operators need version 1, their int8 twins what the registry says."""
    floats = _unpacked(emit(net, precision="fp32", description=images(net))).operatorCodes
    integers = _unpacked(emit(net, precision="int8", plan=_plan(net), description=images(net))).operatorCodes
    assert {c.builtinCode: c.version for c in floats} == {3: 1, 14: 1}
    assert {c.builtinCode: c.version for c in integers} == {114: 1, 3: 3, 14: 2, 6: 2}


def test_fp16_holds_half_the_weights_and_float_borders(net: Graph, agrees, images) -> None:
    """Weights are float16 behind DEQUANTIZE; inputs and outputs stay float32."""
    agrees(net, precision="fp16", tolerance=2e-3)
    content = emit(net, precision="fp16", description=images(net))
    model = _unpacked(content)
    types = [t.type for t in model.subgraphs[0].tensors if t.name.endswith(b"/fp16")]
    assert types == [1, 1]
    assert len(content) < len(emit(net, precision="fp32", description=images(net)))


def test_fp16_keeps_what_would_overflow(graph_of, agrees) -> None:
    """A constant beyond 65504 stays float32 instead of becoming infinity."""
    weights = (RANDOM.normal(0, 1, (16, 16)) * 1e6).astype(np.float32)
    agrees(
        graph_of(f"{HEAD} (float[2,16] x) => (float y) {{ y = MatMul(x, w) }}", {"w": weights}),
        precision="fp16",
    )


def test_int8_computes_with_int8_activations(net: Graph, agrees, operators, images) -> None:
    """An int8 file is near the float one, quantises once at its border, and has int8 convolutions."""
    plan = _plan(net)
    agrees(net, precision="int8", plan=plan, tolerance=0.05)
    assert operators(net, precision="int8", plan=plan) == [
        "QUANTIZE",
        "CONV_2D",
        "CONV_2D",
        "LOGISTIC",
        "DEQUANTIZE",
    ]
    model = _unpacked(emit(net, precision="int8", plan=plan, description=images(net)))
    tensors = model.subgraphs[0].tensors
    convolutions = [
        o for o in model.subgraphs[0].operators if model.operatorCodes[o.opcodeIndex].builtinCode == 3
    ]
    assert all(tensors[i].type == 9 for o in convolutions for i in (*o.inputs[:2], *o.outputs))
    assert len(tensors[convolutions[0].inputs[1]].quantization.scale) == 8


def test_a_float_operator_between_int8_ones(net: Graph, agrees, operators) -> None:
    """The plan decides: what it has in float is computed in float, between DEQUANTIZE and QUANTIZE."""
    plan = _plan(net, c="float")
    agrees(net, precision="int8", plan=plan, tolerance=0.05)
    kinds = operators(net, precision="int8", plan=plan)
    assert kinds == ["QUANTIZE", "CONV_2D", "DEQUANTIZE", "CONV_2D", "QUANTIZE", "LOGISTIC", "DEQUANTIZE"]


def test_integer_borders(net: Graph, agrees, operators) -> None:
    """io="int8" leaves no QUANTIZE or DEQUANTIZE in an all-int8 file, and run still speaks float."""
    agrees(net, precision="int8", plan=_plan(net), io="int8", tolerance=0.05)
    assert operators(net, precision="int8", plan=_plan(net), io="int8") == ["CONV_2D", "CONV_2D", "LOGISTIC"]


def test_dynamic_int8_has_float_activations(net: Graph, agrees, images) -> None:
    """int8-dynamic: int8 weights per channel, float inputs, outputs and activations."""
    agrees(net, precision="int8-dynamic", tolerance=0.05)
    model = _unpacked(emit(net, precision="int8-dynamic", description=images(net)))
    assert sorted({t.type for t in model.subgraphs[0].tensors}) == [0, 9]


def test_a_plan_without_the_scale_is_refused(net: Graph) -> None:
    """A plan that misses a scale is a typed error naming the value."""
    plan = _plan(net)
    broken = QuantisationPlan(
        graph_digest=plan.graph_digest, values={"x": plan.values["x"]}, operators=plan.operators
    )
    with pytest.raises(PlanError, match="no scale for r"):
        emit(net, precision="int8", plan=broken)
    with pytest.raises(PlanError, match="needs a plan"):
        emit(net, precision="int8")
    with pytest.raises(PlanError, match="takes no plan"):
        emit(net, precision="fp32", plan=plan)


def test_quantisable_operators_after_fusion(net: Graph) -> None:
    """The plan sees the operators of the file: the Relu is gone, its value survives."""
    found = quantisable(net)
    assert [(o.name, o.rule, o.inputs, o.outputs) for o in found] == [
        ("a", "weights", ("x",), ("r",)), ("c", "weights", ("r",), ("c",)), ("y", "fixed", ("c",), ("y",)),
    ]  # fmt: skip
    assert found[2].fixed == UNIT_INTERVAL


def test_refusals_lists_every_node(graph_of) -> None:
    """A dry run collects all refused nodes, not the first."""
    text = f"{HEAD} (float[1,4,5,7] x) => (float y) {{ a = Elu<alpha=2.0>(x) b = Erf(a) y = Relu(b) }}"
    found = refusals(graph_of(text))
    assert len(found) == 2
    assert "alpha" in found[0]
    assert "Erf" in found[1]
    assert refusals(graph_of(f"{HEAD} (float[1,4] x) => (float y) {{ y = Relu(x) }}")) == ()


@pytest.mark.parametrize("text", ["y = Relu(x) z = Relu(x)", "y = Transpose<perm=[0,2,3,1]>(x) z = Relu(x)"])
def test_outputs_are_tensors_of_their_own(graph_of, agrees, text: str) -> None:
    """An output that shares its tensor with an input or another output is copied."""
    agrees(graph_of(f"{HEAD} (float[1,3,5,7] x) => (float y, float z) {{ {text} }}"))


def test_a_constant_output(graph_of, agrees) -> None:
    """A graph output that is a constant comes out as it is."""
    graph = graph_of(
        f"{HEAD} (float[2] x) => (float y, float[3] c) {{ y = Relu(x) }}", {"c": np.ones(3, np.float32)}
    )
    assert agrees(graph)["c"].tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("precision", ["int8", "int8-dynamic"])
def test_a_channel_of_almost_zero_weights(graph_of, agrees, precision: str) -> None:
    """A channel whose weights are all but zero does not give a scale that the runtime refuses."""
    kernel = KERNEL.copy()
    kernel[2] *= 1e-38
    net = graph_of(TEXT, {"w": kernel, "v": BACK, "b": np.ones(8, np.float32)})
    plan = {"plan": _plan(net)} if precision == "int8" else {}
    agrees(net, precision=precision, tolerance=0.05, **plan)
