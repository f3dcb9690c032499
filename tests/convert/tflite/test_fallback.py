"""The fallback runs onnx2tf elsewhere, believes nothing it says, and fails with typed errors."""

from __future__ import annotations

import importlib.util
import os
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import onnx
import pytest

from mobilekit.convert.tflite.api import emit
from mobilekit.convert.tflite.fallback import convert_with_onnx2tf, refuse_custom_operators
from mobilekit.convert.tflite.fallback_file import pack_model, read_model
from mobilekit.description import ModelDescription, TensorDescription
from mobilekit.errors import (
    ConversionDisagreementError,
    MissingToolError,
    UnsupportedOperatorError,
    UsageError,
    WorkerError,
)
from mobilekit.runtimes import open_runtime
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import Graph, graph_from_proto

DESCRIPTION = ModelDescription(
    name="net", inputs={"image": TensorDescription(kind="image", range=(0.0, 1.0))}
)
SHELL = pytest.mark.skipif(os.name != "posix", reason="the stand-in interpreter is a shell script")

pytestmark = SHELL


def network(*, before: str = "", after: str = "", sizes: str = "1,3,8,6", outputs: str = "1,3,8,6") -> Graph:
    """A convolution and an asymmetric sum; ``before`` and ``after`` are permutations around it."""
    channels = 3 if sizes == "1,3,8,6" else 4
    body = [f"x = Transpose<perm=[{before}]>(image)" if before else "x = Identity(image)"]
    body += ["c = Conv<pads=[1,1,1,1]>(x, w)", "y = Add(c, ramp)"]
    body += [f"out = Transpose<perm=[{after}]>(y)" if after else "out = Identity(y)"]
    text = f"""<ir_version: 10, opset_import: ["" : 21]>
    net (float[{sizes}] image) => (float[{outputs}] out) {{ {chr(10).join(body)} }}"""
    model = onnx.parser.parse_model(text)
    random = np.random.default_rng(3)
    inner = (1, 3, 8, 6) if channels == 3 else (1, 4, 4, 4)
    weights = random.normal(size=(channels, channels, 3, 3)).astype(np.float32)
    ramp = np.arange(np.prod(inner), dtype=np.float32).reshape(inner) / 30
    for name, value in (("w", weights), ("ramp", ramp)):
        model.graph.initializer.append(onnx.numpy_helper.from_array(value, name))
    return graph_from_proto(model, stage="source")


def legal(graph: Graph) -> Graph:
    """``graph`` as the emitter wants it: explicit attributes, no Identity, shapes everywhere."""
    model = graph.proto()
    renamed = {
        n.output[0]: n.input[0] for n in model.graph.node if n.op_type == "Identity" and n.output[0] == "x"
    }
    nodes = [n for n in model.graph.node if n.op_type != "Identity"]
    for node in nodes:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        if node.op_type == "Conv":
            extra = {"kernel_shape": [3, 3], "strides": [1, 1], "dilations": [1, 1], "group": 1}
            node.attribute.extend(onnx.helper.make_attribute(k, v) for k, v in extra.items())
        if node.op_type == "Add" and any(
            n.output[0] == "out" for n in model.graph.node if n.op_type == "Identity"
        ):
            node.output[0] = "out"
        node.name = node.output[0]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return graph_from_proto(onnx.shape_inference.infer_shapes(model, strict_mode=True), stage="legalised")


def foreign(content: bytes, *, rename: bool = False) -> bytes:
    """A file as another converter would write it: none of our metadata, other names if ``rename``."""
    model = read_model(content)
    model.metadata = []
    if rename:
        model.signatureDefs = []
    return pack_model(model)


def interpreter(folder: Path, module: str) -> Path:
    """A Python whose ``onnx2tf`` is the source ``module``."""
    (folder / "site").mkdir()
    (folder / "site" / "onnx2tf.py").write_text(textwrap.dedent(module))
    script = folder / "python"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{folder / "site"}" exec "{sys.executable}" "$@"\n')
    script.chmod(0o755)
    return script


def writing(folder: Path, content: bytes) -> Path:
    """A Python whose onnx2tf writes ``content`` and overwrites its input, as the real one does."""
    (folder / "known.tflite").write_bytes(content)
    return interpreter(
        folder,
        f"""
        from pathlib import Path
        __version__ = "0"
        def convert(*, input_onnx_file_path, output_folder_path, tflite_backend, verbosity):
            content = Path({str(folder / "known.tflite")!r}).read_bytes()
            out = Path(output_folder_path)
            out.mkdir()
            (out / (Path(input_onnx_file_path).stem + "_float32.tflite")).write_bytes(content)
            Path(input_onnx_file_path).write_bytes(b"overwritten")
        """,
    )


def convert(graph: Graph, python: Path, *, precision: str = "fp32", timeout_s: float = 60.0) -> bytes:
    """The fallback with ``python``'s onnx2tf."""
    return convert_with_onnx2tf(
        graph,
        precision=precision,  # type: ignore[arg-type]
        description=DESCRIPTION,
        inputs=graph.inputs,
        outputs=graph.outputs,
        python=python,
        timeout_s=timeout_s,
    )


def agreement(content: bytes, graph: Graph, folder: Path) -> float:
    """Largest difference from ONNX Runtime, through the metadata of the file."""
    (folder / "made.tflite").write_bytes(content)
    feed = {"image": np.random.default_rng(9).random(graph.inputs[0].shape, dtype=np.float32)}
    with open_runtime(folder / "made.tflite") as made, open_graph(graph) as reference:
        assert made.inputs == graph.inputs
        assert made.outputs == graph.outputs
        return float(np.abs(made.run(feed)["out"] - reference.run(feed)["out"]).max())


@pytest.mark.parametrize("rename", [False, True])
def test_a_file_in_another_layout_speaks_onnx(tmp_path: Path, rename: bool) -> None:
    """Channels-last input and output are found, whether the file carries the ONNX names or not."""
    graph = network()
    file = emit(legal(graph), precision="fp32", description=DESCRIPTION)
    made = convert(graph, writing(tmp_path, foreign(file, rename=rename)))
    assert agreement(made, graph, tmp_path) < 1e-4


@pytest.mark.parametrize("before", ["", "0,2,3,1", "0,3,1,2", "0,2,1,3"])
@pytest.mark.parametrize("after", ["", "0,3,1,2", "0,1,3,2"])
def test_ambiguous_shapes_are_decided_by_execution(tmp_path: Path, before: str, after: str) -> None:
    """1×4×4×4 in and out: whatever the file's permutations, the right ones are found."""
    sizes = {"sizes": "1,4,4,4", "outputs": "1,4,4,4"}
    file = emit(legal(network(before=before, after=after, **sizes)), precision="fp32")
    graph = network(**sizes)
    made = convert(graph, writing(tmp_path, foreign(file)))
    assert agreement(made, graph, tmp_path) < 1e-4


def test_a_file_that_computes_something_else_is_refused(tmp_path: Path) -> None:
    """No layout agrees: the error says how near the best one came."""
    graph = network()
    model = legal(graph).proto()
    for tensor in model.graph.initializer:
        if tensor.name == "w":
            values = onnx.numpy_helper.to_array(tensor) * 1.05
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, "w"))
    file = emit(graph_from_proto(model, stage="legalised"), precision="fp32", description=DESCRIPTION)
    with pytest.raises(
        ConversionDisagreementError, match=r"at best \d+\.\d dB at output out, expected 60 dB"
    ):
        convert(graph, writing(tmp_path, foreign(file)))


def test_a_file_of_other_shapes_is_refused(tmp_path: Path) -> None:
    """A border that no permutation explains is named with the file's own shapes."""
    four = {"sizes": "1,4,4,4", "outputs": "1,4,4,4"}
    file = emit(legal(network(**four)), precision="fp32")
    with pytest.raises(ConversionDisagreementError, match=r"can hold input image \[1, 3, 8, 6\]") as caught:
        convert(network(), writing(tmp_path, foreign(file)))
    assert "[1, 4, 4, 4]" in caught.value.hint


def test_fp16_rounds_the_weights_only(tmp_path: Path) -> None:
    """Weights behind DEQUANTIZE, float32 at the border, and less precise than fp32."""
    from ai_edge_litert import schema_py_generated as schema

    graph = network()
    python = writing(tmp_path, foreign(emit(legal(graph), precision="fp32", description=DESCRIPTION)))
    made = convert(graph, python, precision="fp16")
    assert 1e-5 < agreement(made, graph, tmp_path) < 2e-2
    model = read_model(made)
    kinds = [model.operatorCodes[o.opcodeIndex].builtinCode for o in model.subgraphs[0].operators]
    assert kinds.count(schema.BuiltinOperator.DEQUANTIZE) == 1
    halves = [t for t in model.subgraphs[0].tensors if t.type == schema.TensorType.FLOAT16]
    assert [tuple(t.shape) for t in halves] == [(3, 3, 3, 3)]


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    """Nothing of the folder or the run is in the file."""
    graph = network()
    python = writing(tmp_path, foreign(emit(legal(graph), precision="fp32", description=DESCRIPTION)))
    assert convert(graph, python) == convert(graph, python)


def test_onnx2tf_sees_model_local_functions_inlined(tmp_path: Path) -> None:
    """A function of the domain "mobilekit" becomes plain ONNX before onnx2tf reads it."""
    text = """<ir_version: 10, opset_import: ["" : 21, "mobilekit" : 1]>
    net (float[1,3,8,6] image) => (float[1,3,8,6] out) { out = mobilekit.Twice(image) }
    <domain: "mobilekit", opset_import: ["" : 21]>
    Twice (a) => (b) { b = Add(a, a) }"""
    graph = graph_from_proto(onnx.parser.parse_model(text), stage="normalised")
    python = interpreter(
        tmp_path,
        f"""
        import shutil, sys
        def convert(*, input_onnx_file_path, **options):
            shutil.copy(input_onnx_file_path, {str(tmp_path / "seen.onnx")!r})
            sys.exit(3)
        """,
    )
    with pytest.raises(WorkerError):
        convert(graph, python)
    seen = onnx.load(tmp_path / "seen.onnx")
    assert [n.op_type for n in seen.graph.node] == ["Add"]
    assert not seen.functions


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "print('ERROR: Einsum is not supported'); sys.exit(1)",
            r"exit code 1 .*\n.*Einsum is not supported",
        ),
        ("sys.exit(0)", r"exit code 0 without a float32 file"),
        ("os.abort()", r"killed by signal 6"),
        ("raise KeyError('shape')", r"exit code 1 .*\n(.*\n)*.*KeyError: 'shape'"),
        ("print('\\x1b[31m50%| 1/2 [00:00, 3it/s]\\r====')", r"exit code 0|without a float32 file"),
    ],
)
def test_a_worker_that_ends_otherwise_is_an_error_with_its_last_lines(
    tmp_path: Path, body: str, message: str
) -> None:
    """Exit codes, crashes, exceptions and silence."""
    python = interpreter(tmp_path, f"import os, sys\ndef convert(**options):\n    {body}\n")
    with pytest.raises(WorkerError, match=message):
        convert(network(), python)


def test_a_worker_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    """The time-out ends the whole process group."""
    python = interpreter(
        tmp_path,
        f"""
        import subprocess, sys, time
        def convert(**options):
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            open({str(tmp_path / "child")!r}, "w").write(str(child.pid))
            print("started", flush=True)
            time.sleep(60)
        """,
    )
    started = time.monotonic()
    with pytest.raises(WorkerError, match=r"did not finish within 3 s; its last lines:\n  started"):
        convert(network(), python, timeout_s=3)
    assert time.monotonic() - started < 20
    assert _ends(int((tmp_path / "child").read_text()))


def _ends(pid: int) -> bool:
    """Whether the process is gone (or a zombie that nobody here can reap) within two seconds."""
    for _ in range(40):
        stat = Path(f"/proc/{pid}/stat")
        try:
            os.kill(pid, 0)
            if stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_an_environment_without_onnx2tf_is_named(tmp_path: Path) -> None:
    """An interpreter that is not there, and one that has no onnx2tf."""
    with pytest.raises(MissingToolError, match="no such Python interpreter") as caught:
        convert(network(), tmp_path / "nothing")
    assert "pip install '.[onnx2tf]'" in caught.value.hint
    assert "--fallback onnx2tf:/path/to/python" in caught.value.hint
    python = interpreter(tmp_path, "raise ImportError('No module named onnx2tf')")
    with pytest.raises(MissingToolError, match="has no onnx2tf: No module named onnx2tf"):
        convert(network(), python)


@pytest.mark.skipif(importlib.util.find_spec("onnx2tf") is not None, reason="onnx2tf is installed here")
def test_this_environment_without_onnx2tf_says_what_to_install() -> None:
    """Without ``python``, this environment is meant."""
    graph = network()
    with pytest.raises(MissingToolError, match="not installed in this environment") as caught:
        convert_with_onnx2tf(
            graph.model, precision="fp32", description=DESCRIPTION, inputs=graph.inputs, outputs=graph.outputs
        )
    assert "pip install '.[onnx2tf]'" in caught.value.hint


def test_only_float_files_are_made(tmp_path: Path) -> None:
    """int8 through the fallback is a usage error."""
    with pytest.raises(UsageError, match="fp32 and fp16, got precision 'int8'"):
        convert(network(), tmp_path, precision="int8")


def test_custom_operators_are_refused() -> None:
    """Flex and custom operators are named; a file without them passes."""
    content = emit(legal(network()), precision="fp32", description=DESCRIPTION)
    refuse_custom_operators(content)
    model = read_model(content)
    model.operatorCodes[0].customCode = "FlexErf"
    with pytest.raises(UnsupportedOperatorError, match="LiteRT alone does not have: FlexErf"):
        refuse_custom_operators(pack_model(model))


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("onnx2tf") is None, reason="onnx2tf is not installed here")
def test_the_real_onnx2tf(tmp_path: Path) -> None:
    """The whole way with the real converter, on shapes that do not tell the layout."""
    graph = network(sizes="1,4,4,4", outputs="1,4,4,4")
    made = convert(graph, Path(sys.executable))
    assert agreement(made, graph, tmp_path) < 1e-3
