"""The operators between pixels and a model's values, written into its ONNX graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.tensors import Layout, TensorSpec

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.coreml.images import Image
    from mobilekit.tensors import Array

_TO_NCHW = [0, 3, 1, 2]
_TO_NHWC = [0, 2, 3, 1]
_LEAST, _LARGEST = 6.1e-5, 65504.0
"""Between these float16 has all of its eleven bits; with other numbers it is float32 that computes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One operator of a chain: its result's type and shape, its operands beside the chain's value."""

    op: str
    dtype: str
    shape: tuple[int, ...]
    constants: tuple[Array, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def needs_float32(self) -> bool:
        sizes = [abs(float(v)) for array in self.constants for v in array.ravel()]
        return self.op in ("Sub", "Mul", "Add") and any(v and not _LEAST < v <= _LARGEST for v in sizes)


class GraphEditor:
    """A model being edited; ``inner``, ``full_precision`` and ``normalising`` are those of WithImages."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.inner: dict[str, str] = {}
        self.full_precision: list[str] = []
        self.normalising: dict[str, tuple[str, ...]] = {}
        graph = model.graph
        self._taken = {v.name for v in (*graph.input, *graph.initializer)}
        self._taken |= {name for node in graph.node for name in node.output}

    def input_pixels(self, spec: TensorSpec, image: Image) -> None:
        """Let input ``spec`` be pixels; ``values = (pixels - mean) * (1 / std)`` takes its place.

        ::

            before  x → …              after  x (pixels) → Sub → Mul → x/values → …
        """
        steps = [
            *_by_channel("Sub", image.mean, image.shape, neutral=0.0),
            *_by_channel("Mul", tuple(1.0 / s for s in image.std), image.shape, neutral=1.0),
            *_cast("float32", str(spec.dtype), image.shape),
        ]
        readers = self._readers(spec.name)
        value = self._fresh(f"{spec.name}/values") if steps else spec.name
        nodes = self._chain(spec.name, steps, value)
        for node in readers:
            first = next(name for name in node.output if name)
            self.normalising[first] = (*self.normalising.get(first, ()), *(each.output[0] for each in nodes))
        if image.layout is Layout.NHWC:
            readers = self._drop_undoing(readers, value)
            if readers:
                pixels, value = value, self._fresh(f"{spec.name}/channels_last")
                step = _transpose(_TO_NHWC, str(spec.dtype), spec.shape)
                nodes += self._chain(pixels, [step], value)
        for node in readers:
            _replace(node.input, spec.name, value)
        if readers and value != spec.name:
            self.inner[spec.name] = value
        self._declare(self.model.graph.input, spec.name, image.shape)
        self._put([*nodes, *self.model.graph.node])

    def output_pixels(self, spec: TensorSpec, image: Image) -> None:
        """Let output ``spec`` be ``round(clip(values * std + mean, 0, 255))``.

        ::

            before  … → y              after  … → y/values → Mul → Add → Clip → Round → y (pixels)
        """
        value = self._fresh(f"{spec.name}/values")
        self._rename(spec, value)
        steps = []
        before = self._before_channels_last(value) if image.layout is Layout.NHWC else None
        if before is not None:
            value = before
        elif image.layout is Layout.NHWC:
            steps.append(_transpose(_TO_NCHW, str(spec.dtype), image.shape))
        steps += [
            *_cast(str(spec.dtype), "float32", image.shape),
            *_by_channel("Mul", image.std, image.shape, neutral=1.0),
            *_by_channel("Add", image.mean, image.shape, neutral=0.0),
            _Step(op="Clip", dtype="float32", shape=image.shape, constants=(_scalar(0), _scalar(255))),
            _Step(op="Round", dtype="float32", shape=image.shape),
        ]
        nodes = self._chain(value, steps, spec.name)
        self._declare(self.model.graph.output, spec.name, image.shape)
        self._put([*self.model.graph.node, *nodes])

    def _chain(self, value: str, steps: Sequence[_Step], end: str) -> list[onnx.NodeProto]:
        """The nodes of ``steps``, from ``value`` to ``end``."""
        import onnx

        nodes = []
        for index, step in enumerate(steps):
            last = index == len(steps) - 1
            output = end if last else self._fresh(f"{end}/{step.op.lower()}")
            constants = [self._constant(f"{output}/operand", array) for array in step.constants]
            nodes.append(
                onnx.helper.make_node(step.op, [value, *constants], [output], name=output, **step.attributes)
            )
            self._remember(output, step.dtype, step.shape)
            if step.needs_float32:
                self.full_precision.append(output)
            value = output
        return nodes

    def _drop_undoing(self, readers: list[onnx.NodeProto], value: str) -> list[onnx.NodeProto]:
        """The ``readers`` that are left once Transposes to NCHW are gone: theirs read ``value``."""
        outputs = {output.name for output in self.model.graph.output}
        left = []
        for node in readers:
            gone = node.output[0]
            if _permutation(node) != _TO_NCHW or gone in outputs:
                left.append(node)
                continue
            for reader in self._readers(gone):
                _replace(reader.input, gone, value)
            self._remove(node)
            self.inner[gone] = value
        return left

    def _before_channels_last(self, value: str) -> str | None:
        """What ``value`` is the Transpose of, which is removed; None if it is none or is read elsewhere."""
        for node in self.model.graph.node:
            if node.output[0] == value and _permutation(node) == _TO_NHWC and not self._readers(value):
                before = node.input[0]
                self._remove(node)
                return before
        return None

    def _rename(self, spec: TensorSpec, value: str) -> None:
        """Let ``value`` be what the node computes that ``spec`` was."""
        for node in self.model.graph.node:
            if spec.name in node.output and node.name == spec.name:
                node.name = value
            _replace(node.output, spec.name, value)
            _replace(node.input, spec.name, value)
        self.inner[spec.name] = value
        self._remember(value, str(spec.dtype), spec.shape)

    def _readers(self, value: str) -> list[onnx.NodeProto]:
        return [node for node in self.model.graph.node if value in node.input]

    def _remove(self, node: onnx.NodeProto) -> None:
        gone = node.output[0]
        self.inner = {name: held for name, held in self.inner.items() if held != gone}
        self.model.graph.node.remove(node)

    def _constant(self, name: str, array: Array) -> str:
        import onnx

        name = self._fresh(name)
        self.model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
        return name

    def _remember(self, name: str, dtype: str, shape: tuple[int, ...]) -> None:
        import onnx

        if all(output.name != name for output in self.model.graph.output):
            kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
            self.model.graph.value_info.append(onnx.helper.make_tensor_value_info(name, kind, shape))

    def _declare(self, border: Any, name: str, shape: tuple[int, ...]) -> None:
        """Let the input or output ``name`` be float32 of ``shape``."""
        import onnx

        for value in border:
            if value.name == name:
                value.CopyFrom(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))

    def _put(self, nodes: Sequence[onnx.NodeProto]) -> None:
        kept = [type(node).FromString(node.SerializeToString()) for node in nodes]
        del self.model.graph.node[:]
        self.model.graph.node.extend(kept)

    def _fresh(self, name: str) -> str:
        found, count = name, 2
        while found in self._taken:
            found, count = f"{name}/{count}", count + 1
        self._taken.add(found)
        return found


def _by_channel(
    op: str, numbers: tuple[float, ...], shape: tuple[int, ...], *, neutral: float
) -> tuple[_Step, ...]:
    """``op`` with a number per channel, or with one where all are equal; no step if it does nothing."""
    if all(number == neutral for number in numbers):
        return ()
    same = len(set(numbers)) == 1
    operand = _scalar(numbers[0]) if same else np.array(numbers, np.float32).reshape(1, -1, 1, 1)
    return (_Step(op=op, dtype="float32", shape=shape, constants=(operand,)),)


def _cast(have: str, want: str, shape: tuple[int, ...]) -> tuple[_Step, ...]:
    import onnx

    if have == want:
        return ()
    kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(want))
    return (_Step(op="Cast", dtype=want, shape=shape, attributes={"to": kind}),)


def _transpose(order: list[int], dtype: str, shape: tuple[int, ...]) -> _Step:
    return _Step(op="Transpose", dtype=dtype, shape=shape, attributes={"perm": order})


def _scalar(number: float) -> Array:
    return np.array(number, np.float32)


def _permutation(node: onnx.NodeProto) -> list[int]:
    if node.op_type != "Transpose" or node.domain:
        return []
    return next((list(a.ints) for a in node.attribute if a.name == "perm"), [])


def _replace(names: Any, before: str, after: str) -> None:
    for index, name in enumerate(names):
        if name == before:
            names[index] = after
