"""What a lowering sees of a node: constants by precision, shared casts, MIL's own refusals made ours."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import numpy as np
import pytest

from mobilekit.convert.coreml.border import add_input, placeholder
from mobilekit.convert.coreml.emitter import Emitter, Precision
from mobilekit.convert.coreml.operation import Operation
from mobilekit.convert.optable import OpTable
from mobilekit.convert.view import view_of
from mobilekit.errors import ConversionDisagreementError, UnsupportedOperatorError
from mobilekit.libraries import coremltools
from tests.convert.coreml.support import graph_of

TEXT = "g (float[2] x) => (float[2] y) <float[2] w = {1e9, -2.0}, int64[1] i = {7}> { y = Add(x, w) }"


def within(work: Callable[[Operation], None], precision: Precision = "fp16") -> list[str]:
    """Do ``work`` with the one node of ``TEXT``; the operators written, but the constants."""
    mil = coremltools().converters.mil
    view = view_of(graph_of(TEXT))
    emitter = Emitter(
        view=view,
        table=OpTable(MappingProxyType({})),
        builder=mil.Builder,
        opset="iOS17",
        precision=precision,
    )
    given = {"x": placeholder(emitter, "x")}
    with mil.mil.Function(given, opset_version=coremltools().target.iOS17) as function:
        add_input(emitter, "x", function.inputs["x"])
        work(Operation(emitter=emitter, node=view.nodes[0], precision=precision))
        written = [op.op_type for op in function.operations if op.op_type != "const"]
        function.set_outputs([function.inputs["x"]])
    return written


def test_constants() -> None:
    """Floats in the node's precision, finite ones stay finite; int32; another precision if asked for."""

    def work(op: Operation) -> None:
        np.testing.assert_array_equal(op.input("w").val, np.array([65504, -2], np.float16))
        assert op.input("w") is op.input("w")
        assert op.const([1.5]).val.dtype == np.float16
        assert op.const([1.5], precision="fp32").val.dtype == np.float32
        assert op.number(2, like="x").val.dtype == np.float16
        assert op.number(2, like="i").val.dtype == np.int32
        assert op.integers("i") == [7]
        assert (op.is_constant("w"), op.is_constant("x")) == (True, False)

    assert within(work) == []


def test_casts_are_shared() -> None:
    """However many lowerings read a value in fp16, it is cast once; in float32 never."""

    def work(op: Operation) -> None:
        assert op.input("x") is op.input("x")

    assert within(work) == ["cast"]
    assert within(work, "fp32") == []


def test_refusals() -> None:
    """A runtime operand where a constant must be, and what MIL's builder does not take."""

    def work(op: Operation) -> None:
        with pytest.raises(UnsupportedOperatorError, match="its operand x must be constant"):
            op.constant("x")
        with pytest.raises(UnsupportedOperatorError, match="transpose of iOS17 does not take it"):
            op.add("transpose", x=op.input("x"), perm=[0, 1])

    within(work)


def test_another_shape_is_an_error() -> None:
    """A lowering that computes something else than ONNX's shape or type is found out."""

    def work(op: Operation) -> None:
        with pytest.raises(ConversionDisagreementError, match=r"float16\[2, 1\], ONNX's float16\[2\]"):
            op.result(op.add("expand_dims", x=op.input("x"), axes=[1]))
        with pytest.raises(ConversionDisagreementError, match="bool"):
            op.result(op.add("greater", x=op.input("x"), y=op.input("x")))

    within(work)
