"""Float islands of an integer file, counted from its operators."""

from __future__ import annotations

import pytest

from mobilekit.convert.tflite.delegates.operators import FileOperator, OperandTensor
from mobilekit.package.islands import Islands, islands_of


def tensor(index: int, dtype: str = "float32", *, constant: bool = False) -> OperandTensor:
    """A tensor of 1×2×2×5 elements."""
    return OperandTensor(index=index, name=str(index), dtype=dtype, shape=(1, 2, 2, 5), constant=constant)


def operator(kind: str, inputs: list[OperandTensor], output: OperandTensor, **more: bool) -> FileOperator:
    """An operator with one result."""
    return FileOperator(
        index=0, kind=kind, version=1, inputs=tuple(inputs), outputs=(output,), options={}, value="", **more
    )


def test_islands_borders_and_bytes() -> None:
    """Two separate float parts: three operators, four borders, 4 bytes an element at each."""
    file = [
        operator("QUANTIZE", [tensor(0)], tensor(1, "qint8")),
        operator("CONV_2D", [tensor(1, "qint8")], tensor(2, "qint8")),
        operator("DEQUANTIZE", [tensor(2, "qint8")], tensor(3)),
        operator("MEAN", [tensor(3)], tensor(4)),
        operator("SUB", [tensor(3), tensor(4)], tensor(5)),
        operator("QUANTIZE", [tensor(5)], tensor(6, "qint8")),
        operator("CONV_2D", [tensor(6, "qint8")], tensor(7, "qint8")),
        operator("DEQUANTIZE", [tensor(7, "qint8")], tensor(8)),
        operator("TANH", [tensor(8)], tensor(9)),
    ]
    assert islands_of(file) == Islands(
        islands=2, operators=3, largest=2, quantize=2, dequantize=2, bytes_crossing=4 * 4 * 20
    )


def test_weights_and_rescaling_are_no_borders() -> None:
    """A DEQUANTIZE of constants unpacks half-precision weights; a QUANTIZE of integers stays integer."""
    file = [
        operator("DEQUANTIZE", [tensor(0, "float16", constant=True)], tensor(1, constant=True), unpacks=True),
        operator("CONV_2D", [tensor(2), tensor(1, constant=True)], tensor(3)),
        operator("CONV_2D", [tensor(5), tensor(1, constant=True)], tensor(6)),
        operator("QUANTIZE", [tensor(3)], tensor(4, "qint8")),
        operator("QUANTIZE", [tensor(4, "qint8")], tensor(7, "qint8")),
        operator("ADD", [tensor(7, "qint8")], tensor(8, "qint8")),
    ]
    found = islands_of(file)
    assert found is not None
    assert (found.islands, found.operators, found.quantize, found.dequantize) == (2, 2, 1, 0)


@pytest.mark.parametrize("kind", ["CONV_2D", "FULLY_CONNECTED"])
def test_a_float_file_has_none(kind: str) -> None:
    """Nothing to count where nothing is integer arithmetic, int8 weights or not."""
    weights = tensor(1, "qint8", constant=True)
    assert islands_of([operator(kind, [tensor(0), weights], tensor(2))]) is None
