"""Walks a legalised graph and lets the op table write each operator.

Every ONNX value can exist in the file in several *forms*: an axis order and a storage (float, int16
or int8). A lowering asks for the form it needs; transposes, QUANTIZE and DEQUANTIZE operators appear
where a form is missing, once each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from mobilekit.convert.halves import fits_half
from mobilekit.convert.tflite.builder import FileBuilder, TensorQuantisation
from mobilekit.convert.tflite.layout import assign, moves_nothing, permutation
from mobilekit.errors import PlanError

if TYPE_CHECKING:
    from mobilekit.convert.optable import OpTable
    from mobilekit.convert.tflite.fusion import Fused
    from mobilekit.convert.tflite.view import GraphView
    from mobilekit.quantisation import QuantisationPlan, Scale
    from mobilekit.tensors import Array

Precision = Literal["fp32", "fp16", "int8", "w8a16", "int8-dynamic"]
PLANNED: tuple[Precision, ...] = ("int8", "w8a16")
"""Precisions whose operators a plan decides."""

Order = tuple[int, ...]
Storage = Literal["float", "int16", "int8"]
"""How a value is stored, the most exact first; ``float`` stands for whatever its ONNX type becomes."""

_COARSENESS: dict[Storage, int] = {"float": 0, "int16": 1, "int8": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a value exists in the file: its axis order, and its storage."""

    order: Order
    storage: Storage = "float"

    @property
    def quantised(self) -> bool:
        """Whether it has a scale."""
        return self.storage != "float"


@dataclass(slots=True, kw_only=True)
class Emitter:
    """The state of writing one file."""

    view: GraphView
    table: OpTable
    precision: Precision
    plan: QuantisationPlan | None
    border: Mapping[str, bool]
    builder: FileBuilder = field(default_factory=FileBuilder)
    forms: dict[str, dict[Form, int]] = field(default_factory=dict)

    def emit(self, nodes: Sequence[Fused]) -> None:
        """Write every node in order."""
        from mobilekit.convert.tflite.operation import Operation

        # An fp16 file is for GPUs, which want channels last and have no loops that are short.
        planes = self.precision != "fp16"
        layouts = assign(self.view, self.table, nodes, self.border, planes=planes)
        for fused, reads, writes in zip(nodes, layouts.reads, layouts.writes, strict=True):
            node = fused.node
            lowering = self.table.require(node, opset=self.view.opsets.get(node.domain, 1))
            lowering.call(
                Operation(emitter=self, fused=fused, reads=reads, writes=writes, traits=lowering.traits), node
            )

    def add_input(self, name: str, *, integer: bool) -> int:
        """The file's input tensor of graph input ``name``."""
        form = Form(order=self.border_order(name), storage="int8" if integer else "float")
        index = self.new_form(name, form)
        self.builder.inputs.append(index)
        return index

    def add_output(self, name: str, *, integer: bool) -> int:
        """The file's output tensor of graph output ``name``, distinct from all inputs and outputs."""
        form = Form(order=self.border_order(name), storage="int8" if integer else "float")
        index = self.form(name, form)
        builder = self.builder
        if index in builder.inputs or index in builder.outputs or builder.tensors[index].buffer:
            draft = builder.tensors[index]
            copy = builder.tensor(name, draft.shape, draft.dtype, quantisation=draft.quantisation)
            shape = builder.constant(f"{name}/shape", np.array(draft.shape, dtype=np.int32))
            builder.operator("RESHAPE", (index, shape), (copy,), {"newShape": draft.shape})
            index = copy
        builder.outputs.append(index)
        return index

    def border_order(self, name: str) -> Order:
        """The axis order of a graph input or output in the file."""
        return permutation(len(self.view.shapes[name]), channels_last=self.border[name])

    def scale(self, value: str, storage: Storage = "int8") -> Scale:
        """The planned scale of ``value``. Raises PlanError if the plan does not name it."""
        scales = {} if self.plan is None else self.plan.values
        if self.plan is not None and storage == "int16":
            scales = self.plan.values_int16
        if value not in scales:
            message = f"the plan has no scale for {value}, which an {storage} operator reads or writes"
            raise PlanError(message, hint="make the plan from this very model")
        return scales[value]

    def new_form(self, value: str, form: Form) -> int:
        """A new tensor for ``value`` in ``form``, recorded."""
        shape = [self.view.shapes[value][axis] for axis in form.order]
        suffix = "" if value not in self.forms else f"/form{len(self.forms[value])}"
        if form.quantised:
            scale = self.scale(value, form.storage)
            quantisation = TensorQuantisation(scales=(scale.scale,), zero_points=(scale.zero_point,))
            dtype = np.dtype(form.storage)
            index = self.builder.tensor(value + suffix, shape, dtype, quantisation=quantisation)
        else:
            index = self.builder.tensor(value + suffix, shape, file_dtype(self.view.dtypes[value]))
        self.forms.setdefault(value, {})[form] = index
        return index

    def forget(self, tensors: frozenset[int]) -> None:
        """Values are in ``tensors`` no more."""
        for forms in self.forms.values():
            for form in [f for f, index in forms.items() if index in tensors]:
                del forms[form]

    def form(self, value: str, form: Form) -> int:
        """The tensor of ``value`` in ``form``, converted from another form if it must be."""
        known = self.forms.setdefault(value, {})
        if form in known:
            return known[form]
        if value in self.view.constants and not form.quantised:
            index = self.constant(value, self.view.constants[value].transpose(form.order))
            known[form] = index
            return index
        source = self._nearest(value, form)
        shrinks = _COARSENESS[form.storage] > _COARSENESS[source.storage]
        if source.storage != form.storage and (source.order == form.order or shrinks):
            return self._requantise(value, source, form)
        return self._transpose(value, source, form)

    def _nearest(self, value: str, form: Form) -> Form:
        """The known form with the fewest steps to ``form``, of those that lose nothing on the way.

        The first form of a value is as it was computed; coarser ones were made of it.
        """
        known = self.forms[value]
        coarsest = max(_COARSENESS[form.storage], _COARSENESS[next(iter(known)).storage])
        exact = [f for f in known if _COARSENESS[f.storage] <= coarsest]
        return min(exact, key=lambda f: ((f.order != form.order) + (f.storage != form.storage), f.order))

    def _requantise(self, value: str, source: Form, form: Form) -> int:
        step = Form(order=source.order, storage=form.storage)
        start = self.forms[value][source]
        index = self.new_form(value, step)
        self.builder.operator("QUANTIZE" if form.quantised else "DEQUANTIZE", (start,), (index,), {})
        return index if step == form else self.form(value, form)

    def _transpose(self, value: str, source: Form, form: Form) -> int:
        step = Form(order=form.order, storage=source.storage)
        start = self.forms[value][source]
        axes = [source.order.index(axis) for axis in form.order]
        draft = self.builder.tensors[start]
        index = self.new_form(value, step)
        self.rearrange(start, index, axes, free=moves_nothing(draft.shape, axes))
        return index if step == form else self.form(value, form)

    def rearrange(self, start: int, index: int, axes: Sequence[int], *, free: bool) -> None:
        """TRANSPOSE ``start`` into ``index``, or RESHAPE where no byte moves (``free``)."""
        shape = self.builder.tensors[index].shape
        if free:
            operand = self.builder.constant("shape", np.array(shape, dtype=np.int32))
            self.builder.operator("RESHAPE", (start, operand), (index,), {"newShape": shape})
        else:
            operand = self.builder.constant("axes", np.array(axes, dtype=np.int32))
            self.builder.operator("TRANSPOSE", (start, operand), (index,), {})

    def constant(self, name: str, array: Array, *, halved: bool = False) -> int:
        """A constant tensor: float64 as float32; behind a DEQUANTIZE if ``halved``, or in an fp16 file."""
        array = np.asarray(array, dtype=file_dtype(array.dtype), order="C")  # keeps scalars scalars
        if not (halved or self.precision == "fp16") or not fits_half(array):
            return self.builder.constant(name, array)
        half = self.builder.constant(f"{name}/fp16", array.astype(np.float16))
        key = f"\0fp16/{half}"
        if key not in self.forms:
            index = self.builder.tensor(name, array.shape, np.dtype(np.float32))
            self.builder.operator("DEQUANTIZE", (half,), (index,), {})
            self.forms[key] = {Form(order=()): index}
        return self.forms[key][Form(order=())]


def file_dtype(dtype: np.dtype[np.generic]) -> np.dtype[np.generic]:
    """The element type that stands for an ONNX one in the file: float32 for every float."""
    return np.dtype(np.float32) if dtype.kind == "f" else dtype
