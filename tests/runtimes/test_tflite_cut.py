"""Parts of a file as files: they compute what the part does, and carry the constants it reads."""

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from mobilekit.runtimes.tflite_cut import TfliteGraph, onnx_value
from tests.runtimes.support import TinyFile, scaled_tanh, schema, unknown_operator


@pytest.fixture
def graph(tmp_path):
    """Y = tanh(x × FACTORS)."""
    path = tmp_path / "net.tflite"
    path.write_bytes(scaled_tanh())
    return TfliteGraph(path)


def run(content, *values):
    """Outputs by the CPU's interpreter."""
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    for detail, value in zip(interpreter.get_input_details(), values, strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return [interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()]


def unpacked(path):
    """Y = x × dequantised + x, written with the constant twice: read by MUL behind DEQUANTIZE."""
    file = TinyFile()
    x = file.tensor("x", (1, 4))
    packed = file.tensor("packed", (4,), "int8", data=np.array([1, 2, 3, 4], np.int8), scale=0.5)
    factors, product, y = (file.tensor(name, (1, 4)) for name in ("factors", "product", "y/part2"))
    file.tensors[factors].shape = [4]
    file.operator(schema.BuiltinOperator.DEQUANTIZE, [packed], [factors])
    mul = (schema.BuiltinOptions.MulOptions, schema.MulOptionsT())
    add = (schema.BuiltinOptions.AddOptions, schema.AddOptionsT())
    file.operator(schema.BuiltinOperator.MUL, [x, factors], [product], *mul)
    file.operator(schema.BuiltinOperator.ADD, [product, x], [y], *add)
    path.write_bytes(file.bytes(inputs=[x], outputs=[y]))
    return TfliteGraph(path)


def test_each_part_computes_its_part(graph):
    """The pieces one after the other are the whole."""
    x = np.random.default_rng(0).standard_normal((1, 4, 5, 3)).astype(np.float32)
    (product,) = run(graph.cut([0]), x)
    (y,) = run(graph.cut([1]), product)
    np.testing.assert_array_equal(product, x * np.array([2, 3, 4], np.float32))
    np.testing.assert_array_equal(run(graph.cut([0, 1]), x)[0], y)


def test_operators_have_names_and_kinds(graph):
    """The kind by the schema, the value by the tensor's name."""
    assert [(o.index, o.kind, o.value) for o in graph.operators] == [
        (0, "MUL", "product"),
        (1, "TANH", "out"),
    ]


def test_unpacked_constants_come_along(tmp_path):
    """A DEQUANTIZE of a constant is no operator to blame, and never an input."""
    graph = unpacked(tmp_path / "net.tflite")
    assert [o.unpacks for o in graph.operators] == [True, False, False]
    x = np.ones((1, 4), np.float32)
    (product,) = run(graph.cut([1]), x)
    np.testing.assert_array_equal(product, [[0.5, 1, 1.5, 2]])
    assert run(graph.cut([2]), product, x)[0].tolist() == [[1.5, 2, 2.5, 3]]
    assert graph.operators[2].value == "y"


def test_signatures_tell_operators_apart(tmp_path, graph):
    """The same kind on other shapes, or by other small constants, is another one."""
    other = unpacked(tmp_path / "other.tflite")
    signatures = {graph.operators[0].signature, other.operators[1].signature}
    assert len(signatures) == 2
    assert unpacked(tmp_path / "again.tflite").operators[1].signature in signatures


def test_custom_operators_are_named(tmp_path):
    """By their custom code."""
    (tmp_path / "net.tflite").write_bytes(unknown_operator())
    assert [o.kind for o in TfliteGraph(tmp_path / "net.tflite").operators] == ["CUSTOM NotThere"]


def test_names_of_helpers_lead_to_their_value():
    """What the converter appends is taken off, nothing else."""
    assert onnx_value("/up/Conv_out/form0/part12") == "/up/Conv_out"
    assert onnx_value("a/part/b") == "a/part/b"
