"""A RELU that only a QUANTIZE reads goes, and no integer changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from mobilekit.convert.tflite.builder import FileBuilder, TensorQuantisation
from mobilekit.convert.tflite.clamps import drop_clamps
from mobilekit.convert.tflite.writer import write

SHAPE = (1, 8, 8, 4)
FLOAT = np.dtype(np.float32)


def file_of(activation: str, *, zero_point: int = -128, scale: float = 0.02) -> FileBuilder:
    """The sum of two inputs with ``activation``, quantised."""
    builder = FileBuilder()
    builder.inputs = [builder.tensor(name, SHAPE, FLOAT) for name in "ab"]
    total = builder.tensor("s", SHAPE, FLOAT)
    builder.operator("ADD", builder.inputs, (total,), {"fusedActivationFunction": activation})
    quantisation = TensorQuantisation(scales=(scale,), zero_points=(zero_point,))
    builder.outputs = [builder.tensor("q", SHAPE, np.dtype(np.int8), quantisation=quantisation)]
    builder.operator("QUANTIZE", (total,), builder.outputs, {})
    return builder


def integers(builder: FileBuilder) -> np.ndarray:
    """What LiteRT computes for random inputs."""
    names = {"inputs": dict(zip("ab", builder.inputs, strict=True)), "outputs": {"q": builder.outputs[0]}}
    interpreter = Interpreter(model_content=write(builder, signature=names, metadata={}), num_threads=1)
    interpreter.allocate_tensors()
    random = np.random.default_rng(0)
    for details in interpreter.get_input_details():
        interpreter.set_tensor(details["index"], random.normal(0, 4, SHAPE).astype(np.float32))
    interpreter.invoke()
    return interpreter.get_tensor(builder.outputs[0])


@pytest.mark.parametrize(("activation", "scale"), [("RELU", 0.02), ("RELU6", 0.02), ("RELU6", 6 / 256)])
def test_the_same_integers_without_it(activation: str, scale: float) -> None:
    """The tensor that is not clamped any more is named."""
    builder = file_of(activation, scale=scale)
    expected = integers(builder)
    assert drop_clamps(builder) == {2}
    assert builder.operators[0].options["fusedActivationFunction"] == "NONE"
    np.testing.assert_array_equal(integers(builder), expected)


@pytest.mark.parametrize(
    ("activation", "zero_point", "scale"),
    [("RELU", -127, 0.02), ("RELU6", -128, 0.05), ("RELU_N1_TO_1", -128, 0.02), ("NONE", -128, 0.02)],
)
def test_what_the_integers_do_not_say_stays(activation: str, zero_point: int, scale: float) -> None:
    """A tensor that holds negative numbers, or numbers above six, needs the activation."""
    builder = file_of(activation, zero_point=zero_point, scale=scale)
    before = list(builder.operators)
    assert drop_clamps(builder) == set()
    assert builder.operators == before


def test_others_need_it_too() -> None:
    """A second reader, and the caller of the model, get the clamped numbers."""
    builder = file_of("RELU")
    other = builder.tensor("e", SHAPE, FLOAT)
    builder.operator("EXP", (2,), (other,), {})
    assert drop_clamps(builder) == set()
    builder = file_of("RELU")
    builder.outputs = [2]
    assert drop_clamps(builder) == set()
    builder = file_of("RELU")
    builder.operators[1] = replace(builder.operators[1], kind="DEQUANTIZE")
    assert drop_clamps(builder) == set()
