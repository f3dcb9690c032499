"""An .mlpackage is written from a graph, the same bytes every time; what MIL cannot say is refused."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import onnx.parser
import onnx.shape_inference
import pytest

from mobilekit.convert.coreml.api import emit, refused_nodes
from mobilekit.convert.coreml.metadata import KEY
from mobilekit.description import ModelDescription
from mobilekit.errors import UnsupportedOperatorError
from mobilekit.libraries import coremltools
from mobilekit.source.graph import Graph, graph_from_proto

TEXT = """<ir_version: 10, opset_import: ["" : 21]>
g (float[1,3,4,4] x) => (float[1,3,4,4] "out/1")
<float[1,3,1,1] w = {0.5, 2.0, -1.0}> { h = Mul(x, w) k = Relu(h) "433" = Add(k, h) "out/1" = Sigmoid("433") }"""

WEIGHTS = """<ir_version: 10, opset_import: ["" : 21]>
g (float[1,2,4,4] x) => (float[1,12,4,4] y)
<float[12,2,1,1] w = {1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2,3,4,5,6}>
{ h = Conv<kernel_shape=[1,1],pads=[0,0,0,0],strides=[1,1],dilations=[1,1],group=1>(x, w) y = Relu(h) }"""


def graph_of(text: str) -> Graph:
    """A legalised graph from ONNX's text form."""
    model = onnx.shape_inference.infer_shapes(onnx.parser.parse_model(text), strict_mode=True)
    return graph_from_proto(model, stage="legalised")


def digest(folder: Path) -> str:
    """Of every file's name and content."""
    total = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        total.update(str(file.relative_to(folder)).encode() + file.read_bytes())
    return total.hexdigest()


def operators(folder: Path) -> list[tuple[str, str]]:
    """(type, first output) of every operator but the constants."""
    model = coremltools().models.MLModel(str(folder), skip_model_load=True)
    block = next(iter(model.get_spec().mlProgram.functions["main"].block_specializations.values()))
    return [(o.type, o.outputs[0].name) for o in block.operations if o.type != "const"]


def test_writes_fp32(tmp_path: Path) -> None:
    """A package of float32 has one operator per node, under the node's name."""
    emit(graph_of(TEXT), tmp_path / "m.mlpackage", precision="fp32")
    found = operators(tmp_path / "m.mlpackage")
    assert found == [("mul", "h"), ("relu", "k"), ("add", "var_433"), ("sigmoid", "out_1")]


def test_description_tells_whose_it_is(tmp_path: Path) -> None:
    """Summary, author, licence and version of mobilekit.toml are where Xcode shows them; what is not said is not."""
    told = ModelDescription(
        name="m", version="2.1", summary="A face, moved", author="A", license="Apache-2.0"
    )
    for name, description in (("told", told), ("silent", ModelDescription(name="m"))):
        emit(graph_of(TEXT), tmp_path / name, precision="fp32", description=description)
    told_in, silent_in = (
        coremltools()
        .models.MLModel(str(tmp_path / name), skip_model_load=True)
        .get_spec()
        .description.metadata
        for name in ("told", "silent")
    )
    assert (told_in.shortDescription, told_in.author) == ("A face, moved", "A")
    assert (told_in.license, told_in.versionString) == ("Apache-2.0", "2.1")
    assert (silent_in.shortDescription, silent_in.author, silent_in.license) == ("", "", "")


def test_casts_once_around_islands(tmp_path: Path) -> None:
    """fp16 casts at the border, and at an island once per value and precision."""
    emit(graph_of(TEXT), tmp_path / "m.mlpackage", precision="fp16", islands=("433",))
    kinds = [kind for kind, _ in operators(tmp_path / "m.mlpackage")]
    assert kinds == ["cast", "mul", "relu", "cast", "cast", "add", "cast", "sigmoid", "cast"]


def test_metadata_maps_names(tmp_path: Path) -> None:
    """ONNX names are found in the package itself."""
    emit(graph_of(TEXT), tmp_path / "m.mlpackage", precision="fp16", metadata={"author": "A"})
    model = coremltools().models.MLModel(str(tmp_path / "m.mlpackage"), skip_model_load=True)
    said = model.get_spec().description.metadata
    content = json.loads(said.userDefined[KEY])
    assert said.author == "A"
    assert content["tensors"]["433"] == "var_433"
    assert content["outputs"][0]["feature"] == "out_1"
    assert content["outputs"][0]["name"] == "out/1"


def test_metadata_has_what_the_program_has(tmp_path: Path) -> None:
    """A Transpose that a product takes in is no value of the package; the others are."""
    text = """<ir_version: 10, opset_import: ["" : 21]>
    g (float[2,4,3] a, float[2,4,5] b) => (float[2,3,5] y)
    { t = Transpose<perm=[0,2,1]>(a) p = MatMul(t, b) y = Relu(p) }"""
    emit(graph_of(text), tmp_path / "m.mlpackage", precision="fp32")
    model = coremltools().models.MLModel(str(tmp_path / "m.mlpackage"), skip_model_load=True)
    content = json.loads(model.get_spec().description.metadata.userDefined[KEY])
    assert content["tensors"] == {"a": "a", "b": "b", "p": "p", "y": "y"}


def test_same_bytes_in_two_processes(tmp_path: Path) -> None:
    """Hash seed, folder, date and what ran before do not matter; weights are in a file of their own."""
    model = tmp_path / "g.onnx"
    model.write_bytes(graph_of(WEIGHTS).model)
    code = (
        "import sys,time;time.time=lambda:float(sys.argv[3])*1e9;import onnx;from pathlib import Path;from mobilekit.source.graph import graph_from_proto;"
        "from mobilekit.convert.coreml.api import emit;"
        "g=graph_from_proto(onnx.load(sys.argv[1]),stage='legalised');"
        "[emit(g,Path(sys.argv[2]),precision='fp16') for _ in range(int(sys.argv[3]))]"
    )
    for name, seed, times in (("a", "1", "1"), ("b", "2", "2")):
        out = tmp_path / name / "m.mlpackage"
        arguments = [sys.executable, "-c", code, str(model), str(out), times]
        subprocess.run(arguments, check=True, env={**os.environ, "PYTHONHASHSEED": seed})
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    data = tmp_path / "a" / "m.mlpackage" / "Data" / "com.apple.CoreML"
    assert (data / "weights" / "weight.bin").stat().st_size > 48
    assert b"conversion_date" not in (data / "model.mlmodel").read_bytes()
    emit(graph_of(WEIGHTS), tmp_path / "c" / "m.mlpackage", precision="fp32")
    assert digest(tmp_path / "c") != digest(tmp_path / "a")


def test_refuses_every_node_before_writing(tmp_path: Path) -> None:
    """Both unsupported nodes are named, and nothing is written."""
    graph = graph_of(
        """<ir_version: 10, opset_import: ["" : 21]>
g (uint32[2] a, float[2,2] x) => (bool[2] d, float e) { d = Less(a, a) e = Det(x) }"""
    )
    assert [name for name, _ in refused_nodes(graph)] == ["d", "e"]
    with pytest.raises(UnsupportedOperatorError) as error:
        emit(graph, tmp_path / "m.mlpackage", precision="fp32")
    assert len(error.value.refusals) == 2
    assert not (tmp_path / "m.mlpackage").exists()
