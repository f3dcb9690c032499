"""Puts QuantizeLinear and DequantizeLinear around the operators that a plan has in integers.

A value has its ONNX name where it is float. What an integer operator writes is rounded at once::

    x ─ Conv ─ v/exact ─ QuantizeLinear ─ v/int8 ─ DequantizeLinear ─ v

and what a float operator writes, for its integer readers only::

    v ─ QuantizeLinear ─ v/int8 ─ DequantizeLinear ─ v/int8/float

An activation that belongs to an integer operator (as in the .tflite file) is nothing where the integers
end where it does; else it follows between two roundings at the same scale, which gives the integers of
the kernel that clamps its own result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from mobilekit.convert.qdq.constants import Constants
from mobilekit.convert.qdq.draft import Draft
from mobilekit.convert.qdq.norms import Norm
from mobilekit.convert.qdq.storage import stored_by
from mobilekit.convert.tflite.fusion import fuse
from mobilekit.convert.tflite.ops import TABLE
from mobilekit.convert.tflite.quantisable import int16_rule_of, is_small, rule_of
from mobilekit.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import onnx

    from mobilekit.convert.tflite.fusion import Fused
    from mobilekit.convert.view import GraphView
    from mobilekit.quantisation import OperatorPrecision, QuantisationPlan, Scale

Width = Literal["int8", "int16"]

_ENDS: Mapping[str, tuple[float, float]] = {
    "RELU": (0.0, float("inf")),
    "RELU6": (0.0, 6.0),
    "RELU_N1_TO_1": (-1.0, 1.0),
}
_INT32 = 6  # as ONNX numbers element types
_LIMITS = {"int8": (-128, 127), "int16": (-32768, 32767)}


class Writer:
    """The state of writing one model; ``integers`` maps a value to its integers' name.

    ``written`` are the values that integer operators write, in order.
    """

    def __init__(self, view: GraphView, plan: QuantisationPlan | None) -> None:
        self._view, self._plan = view, plan
        taken = {*view.shapes, *view.inputs, *view.constants}
        taken |= {name for node in view.nodes for name in node.output}
        self.draft = Draft(taken)
        self.integers: dict[str, str] = {}
        self.written: list[str] = []
        self._floats: dict[tuple[str, Width], str] = {}
        self._parameters: dict[tuple[str, Width], tuple[str, str]] = {}
        self._stored = stored_by(plan)
        self._constants = Constants(self.draft, view, self._stored)

    def write(self) -> None:
        """Every node, in order. Raises PlanError for a value without a scale."""
        for fused in fuse(self._view, TABLE):
            precision = self._precision(fused)
            if precision in ("int8", "int16"):
                self._integer(fused, precision)
            else:
                self._float(fused, precision)
        for node in self.draft.nodes:
            for name in node.input:
                if name in self._view.constants:
                    self.draft.keep(name, self._view.constants[name])

    def _precision(self, fused: Fused) -> OperatorPrecision:
        return self._plan.precision_of(fused.node.output[0]) if self._plan else "float"

    def _float(self, fused: Fused, precision: OperatorPrecision) -> None:
        node = fused.node
        if node.domain == "mobilekit":
            Norm(self.draft, self._view, node).write()
        else:
            renamed = self._constants.float_weights(node, precision)
            self._copied(node, self._bytes_as_numbers(node) if node.op_type == "Cast" else renamed)
        if fused.activation != "NONE":
            self._activation(fused.activation, node.output[0], fused.outputs[0])

    def _bytes_as_numbers(self, node: onnx.NodeProto) -> dict[int, str]:
        """What a Cast of uint8 to floats reads: HTP takes that Cast, and makes ones of all numbers."""
        source = node.input[0]
        dtypes = self._view.dtypes
        if dtypes[source] != np.uint8 or dtypes[node.output[0]].kind != "f":
            return {}
        return {0: self.draft.step("Cast", [source], f"{source}/int32", to=_INT32)}

    def _copied(self, node: onnx.NodeProto, renamed: Mapping[int, str]) -> None:
        import onnx

        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.name = node.name or node.output[0]
        for slot, name in renamed.items():
            copy.input[slot] = name
        self.draft.append(copy)

    def _activation(self, kind: str, source: str, result: str) -> None:
        low, high = _ENDS[kind]
        if not np.isfinite(high):
            self.draft.add("Relu", [source], result)
            return
        bounds = [
            self.draft.constant(f"{result}/{end}", np.array(value, np.float32))
            for end, value in (("least", low), ("most", high))
        ]
        self.draft.add("Clip", [source, *bounds], result)

    def _integer(self, fused: Fused, width: Width) -> None:
        node = fused.node
        lowering = TABLE.require(node, opset=self._view.opsets.get(node.domain, 1))
        rule = (int16_rule_of if width == "int16" else rule_of)(lowering, self._view, node)
        slots = lowering.traits.get("data", slice(None))
        if node.op_type == "LeakyRelu":
            node, slots = self._constants.with_slope(node), slice(0, 1)
        if node.op_type == "MatMul" and rule != "weights":
            slots = slice(None)
        places = list(range(len(node.input)))[slots]
        renamed: dict[int, str] = {}
        for place in places:
            name = node.input[place]
            if name and name not in self._view.constants:
                renamed[place] = self.read(name, width)
        scale = self.scale(fused.outputs[0], width)
        renamed |= self._constants.operands(
            node,
            places,
            rule=rule,
            width=width,
            result=scale,
            source=self.scale(node.input[0], width) if rule == "weights" else None,
        )
        slopes = self._view.constants.get(node.input[1]) if node.op_type == "PRelu" else None
        if width == "int16" and slopes is not None and slopes.size > 1:
            node, renamed = self._prelu(node, renamed, fused.outputs[0], small=is_small(slopes)), {}
        self._copied(node, renamed)
        made = self.draft.nodes[-1]
        for place, value in enumerate(fused.outputs):
            if value:
                made.output[place] = self._rounded(value, fused.activation, width)

    def _prelu(
        self, node: onnx.NodeProto, names: Mapping[int, str], result: str, *, small: bool
    ) -> onnx.NodeProto:
        """The last step of a PRelu at int16, in operators that HTP prepares: it has none of these slopes.

        ``max(x, slope * x)`` where no slope is beyond one, else ``relu(x) + slope * (x - relu(x))``, rounded
        where the .tflite file rounds.
        """
        import onnx

        source, x, slopes = node.input[0], names[0], names[1]
        if small:
            last, operands = "Max", (x, self._step("Mul", (x, slopes), f"{result}/scaled", like=source))
        else:
            positive = self._step("Relu", (x,), f"{result}/positive", like=source)
            negative = self._step("Sub", (x, positive), f"{result}/negative", like=source)
            scaled = self._step("Mul", (negative, slopes), f"{result}/scaled", like=result)
            last, operands = "Add", (positive, scaled)
        return onnx.helper.make_node(last, operands, [node.output[0]], name=node.name)

    def _step(self, kind: str, inputs: Sequence[str], wanted: str, *, like: str) -> str:
        """A step inside an int16 operator, rounded at the scale of the value ``like``."""
        exact = self.draft.step(kind, inputs, f"{wanted}/exact")
        return self._round_trip(like, exact, "int16", self.draft.name(wanted))

    def _rounded(self, value: str, activation: str, width: Width) -> str:
        """The nodes from an operator's result to ``value``; the name that the result gets."""
        exact = self.draft.name(f"{value}/exact")
        if activation != "NONE" and not self._saturates(value, activation, width):
            whole = self._round_trip(value, exact, width, self.draft.name(f"{value}/whole"))
            clamped = self.draft.name(f"{value}/clamped")
            self._activation(activation, whole, clamped)
            start = clamped
        else:
            start = exact
        self.integers[value] = self._quantised(value, start, width)
        self.written.append(value)
        self._dequantised(value, self.integers[value], width, value)
        self._floats[value, width] = value
        return exact

    def _saturates(self, value: str, activation: str, width: Width) -> bool:
        """Whether the integers of ``value`` end where the activation does."""
        scale = self.scale(value, width)
        ends = [scale.scale * (limit - scale.zero_point) for limit in _LIMITS[width]]
        low, high = _ENDS[activation]
        return ends[0] >= low and ends[1] <= high

    def read(self, value: str, width: Width) -> str:
        """The float tensor that holds what ``value`` is in integers, rounded where it was not yet."""
        if (value, width) not in self._floats:
            integers = self._quantised(value, value, width)
            self.integers.setdefault(value, integers)
            name = self.draft.name(f"{integers}/float")
            self._floats[value, width] = self._dequantised(value, integers, width, name)
        return self._floats[value, width]

    def scale(self, value: str, width: Width) -> Scale:
        """The planned scale of ``value``. Raises PlanError if there is none."""
        assert self._plan is not None
        scales = self._plan.values_int16 if width == "int16" else self._plan.values
        if value not in scales:
            message = f"the plan has no scale for {value}, which an {width} operator reads or writes"
            raise PlanError(message, hint="make the plan from this very model")
        return scales[value]

    def _round_trip(self, value: str, source: str, width: Width, result: str) -> str:
        return self._dequantised(value, self._quantised(value, source, width), width, result)

    def _quantised(self, value: str, source: str, width: Width) -> str:
        return self.draft.step("QuantizeLinear", [source, *self._scales(value, width)], f"{value}/{width}")

    def _dequantised(self, value: str, integers: str, width: Width, result: str) -> str:
        return self.draft.add("DequantizeLinear", [integers, *self._scales(value, width)], result)

    def _scales(self, value: str, width: Width) -> tuple[str, str]:
        """The initializers with scale and zero point of ``value``."""
        if (value, width) not in self._parameters:
            scale = self.scale(value, width)
            zero = self._stored.of(np.array(scale.zero_point, width))
            self._parameters[value, width] = (
                self.draft.constant(f"{value}/{width}/scale", np.array(scale.scale, np.float32)),
                self.draft.constant(f"{value}/{width}/zero_point", zero),
            )
        return self._parameters[value, width]
