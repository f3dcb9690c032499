"""The normalisations of domain ``mobilekit`` in ONNX's own operators, which accelerators know.

Over the spatial axes it is InstanceNormalization, over the last axis (or the channels, between two
transposes) LayerNormalization, over groups InstanceNormalization of a reshaped map. Both have one epsilon:
where it differs by channel, as after equalisation, the channels are multiplied before::

    (x - m) / sqrt(v + e)  =  (f·x - f·m) / sqrt(f²·v + e0)      with f = sqrt(e0 / e)

Whatever is none of these is written out as it is defined.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.qdq.draft import Draft
    from mobilekit.convert.view import GraphView
    from mobilekit.tensors import Array


class Norm:
    """One node to write: ``output`` is the name that its result gets, ``inputs`` are those it reads."""

    def __init__(self, draft: Draft, view: GraphView, node: onnx.NodeProto) -> None:
        import onnx

        self._draft, self._view = draft, view
        self._said: dict[str, Any] = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        self._kind, self._names = node.op_type, list(node.input)
        self._output = node.output[0]
        self._shape = view.shapes[node.input[0]]

    def write(self) -> None:
        """Append the operators."""
        if self._kind == "RmsNormalize":
            self._write_rms()
        elif self._kind == "GroupNormalize":
            self._write_groups()
        else:
            self._write_normalize()

    def _write_normalize(self) -> None:
        axes, rank = tuple(sorted(self._said["axes"])), len(self._shape)
        outside = float(self._said.get("outside", 0.0))
        epsilon = self._view.constants.get(self._names[3])
        if outside or epsilon is None or not (epsilon > 0).all():
            self._write_out(axes, outside)
        elif axes == (rank - 1,) and epsilon.size == 1 and (rank != 3 or self._scales_last()):
            self._layer(epsilon.item(), order=None)
        elif rank > 2 and axes == tuple(range(2, rank)) and epsilon.size in (1, self._shape[1]):
            self._instance(epsilon.reshape(-1))
        elif axes == (1,) and rank > 2 and epsilon.size == 1:
            self._layer(epsilon.item(), order=(0, *range(2, rank), 1))
        else:
            self._write_out(axes, outside)

    def _scales_last(self) -> bool:
        """Whether scale or bias differ along the last axis, as those of a sequence's vectors do."""
        return any(self._view.shapes[name][-1] != 1 for name in self._names[1:3])

    def _instance(self, epsilon: Array) -> None:
        x = self._names[0]
        one = float(np.median(epsilon))
        factors = np.sqrt(np.float64(one) / epsilon.astype(np.float64)).astype(np.float32)
        if (factors != 1.0).any():
            shaped = factors.reshape(1, -1, *(1,) * (len(self._shape) - 2))
            x = self._step("Mul", [x, self._constant("factors", shaped)], "scaled")
        operands, whole = self._operands(x, axis=1)
        if whole:
            self._draft.add("InstanceNormalization", operands, self._output, epsilon=one)
            return
        unit = self._step("InstanceNormalization", operands, "unit", epsilon=one)
        self._affine(unit, self._names[1], self._names[2])

    def _operands(self, x: str, *, axis: int) -> tuple[list[str], bool]:
        """``x`` with scale and bias along ``axis``, and whether they are the norm's own, not neutral ones."""
        scale, bias = (self._vector(name, axis) for name in self._names[1:3])
        if scale is None or bias is None:
            size = self._shape[axis]
            scale, bias = np.ones(size, np.float32), np.zeros(size, np.float32)
            return [x, self._constant("ones", scale), self._constant("zeros", bias)], False
        return [x, self._constant("scale", scale), self._constant("bias", bias)], True

    def _layer(self, epsilon: float, *, order: Sequence[int] | None) -> None:
        """Over the last axis, or over the one that ``order`` puts there."""
        x = self._names[0]
        if order:
            x = self._step("Transpose", [x], "last", perm=list(order))
        operands, whole = self._operands(x, axis=order[-1] if order else len(self._shape) - 1)
        back = [int(i) for i in np.argsort(order)] if order else []
        if whole and not back:
            self._draft.add("LayerNormalization", operands, self._output, axis=-1, epsilon=epsilon)
            return
        unit = self._step("LayerNormalization", operands, "unit", axis=-1, epsilon=epsilon)
        if whole:
            self._draft.add("Transpose", [unit], self._output, perm=back)
            return
        if back:
            unit = self._step("Transpose", [unit], "back", perm=back)
        self._affine(unit, self._names[1], self._names[2])

    def _write_groups(self) -> None:
        groups, shape = int(self._said["groups"]), self._shape
        epsilon = self._view.constants.get(self._names[3])
        if epsilon is None or not (epsilon > 0).all() or (epsilon != epsilon.reshape(-1)[0]).any():
            self._groups_written_out(groups)
            return
        grouped = self._reshape(self._names[0], (shape[0], groups, -1), "grouped")
        operands = [
            grouped,
            self._constant("ones", np.ones(groups, np.float32)),
            self._constant("zeros", np.zeros(groups, np.float32)),
        ]
        unit = self._step("InstanceNormalization", operands, "unit", epsilon=float(epsilon.reshape(-1)[0]))
        self._affine(self._reshape(unit, shape, "whole"), self._names[1], self._names[2])

    def _groups_written_out(self, groups: int) -> None:
        batch, channels = self._shape[:2]
        ones = (1,) * (len(self._shape) - 2)
        grouped = self._reshape(self._names[0], (batch, groups, -1), "grouped")
        mean = self._mean(grouped, (2,), "mean")
        centred = self._step("Sub", [grouped, mean], "centred")
        squares = self._step("Mul", [centred, centred], "squares")
        variance = self._mean(squares, (2,), "variance")
        spread = self._constant("spread", np.ones((1, 1, channels // groups), np.float32))
        wide = self._step("Mul", [variance, spread], "wide")
        each = self._reshape(wide, (batch, channels, *ones), "each")
        self._divided(self._reshape(centred, self._shape, "whole"), each, 0.0, self._names[3])

    def _write_rms(self) -> None:
        x, scale, epsilon = self._names
        squares = self._step("Mul", [x, x], "squares")
        power = self._mean(squares, tuple(self._said["axes"]), "power")
        root = self._step("Sqrt", [self._step("Add", [power, epsilon], "shifted")], "root")
        self._affine(self._step("Div", [x, root], "unit"), scale, None)

    def _write_out(self, axes: Sequence[int], outside: float) -> None:
        x = self._names[0]
        centred = self._step("Sub", [x, self._mean(x, axes, "mean")], "centred")
        squares = self._step("Mul", [centred, centred], "squares")
        self._divided(centred, self._mean(squares, axes, "variance"), outside, self._names[3])

    def _divided(self, centred: str, variance: str, outside: float, epsilon: str) -> None:
        root = self._step("Sqrt", [self._step("Add", [variance, epsilon], "shifted")], "root")
        if outside:
            added = self._constant("outside", np.array(outside, np.float32))
            root = self._step("Add", [root, added], "deviation")
        self._affine(self._step("Div", [centred, root], "unit"), self._names[1], self._names[2])

    def _affine(self, unit: str, scale: str, bias: str | None) -> None:
        """The last steps, ``unit`` × ``scale`` + ``bias``; those that change nothing are left out."""
        steps = [("Mul", scale, 1.0), ("Add", bias, 0.0)]
        left = [(kind, name) for kind, name, none in steps if name and not self._is_uniform(name, none)]
        left = left or [("Mul", scale)]
        for place, (kind, name) in enumerate(left):
            if place == len(left) - 1:
                self._draft.add(kind, [unit, name], self._output)
            else:
                unit = self._step(kind, [unit, name], "scaled")

    def _is_uniform(self, name: str, number: float) -> bool:
        value = self._view.constants.get(name)
        return value is not None and bool((value == number).all())

    def _vector(self, name: str, axis: int) -> Array | None:
        """A constant with one number, or one for each slice of ``axis``, as a vector; None for others."""
        value, size = self._view.constants.get(name), self._shape[axis]
        if value is None or value.size not in (1, size) or (value.size == size and value.shape[axis] != size):
            return None
        return np.broadcast_to(value.reshape(-1), (size,)).astype(np.float32)

    def _mean(self, value: str, axes: Sequence[int], wanted: str) -> str:
        over = self._constant("axes", np.array(axes, np.int64))
        return self._step("ReduceMean", [value, over], wanted, keepdims=1)

    def _reshape(self, value: str, shape: Sequence[int], wanted: str) -> str:
        return self._step("Reshape", [value, self._constant("shape", np.array(shape, np.int64))], wanted)

    def _step(self, kind: str, inputs: Sequence[str], wanted: str, **attributes: Any) -> str:
        return self._draft.step(kind, inputs, f"{self._output}/{wanted}", **attributes)

    def _constant(self, wanted: str, array: Array) -> str:
        return self._draft.constant(f"{self._output}/{wanted}", array)
