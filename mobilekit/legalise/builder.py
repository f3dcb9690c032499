"""How rules look at the graph around a node and write its replacement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.legalise.infer import infer
from mobilekit.legalise.node import Node
from mobilekit.legalise.workspace import Workspace, unique
from mobilekit.normalise.node import ValueType

if TYPE_CHECKING:
    from mobilekit.tensors import Array


@dataclass(slots=True)
class Builder:
    """Writes the nodes that replace one node. ``serves`` is the value they compute; new names derive from it.

    Operands are value names, arrays (constants), Python numbers (constants of the dtype of the first
    non-bool value beside them), sequences of ints (int64 constants) or None (absent).
    """

    workspace: Workspace
    serves: str
    nodes: list[Node]

    def add(self, op: str, *operands: Any, hint: str = "", domain: str = "", **attributes: Any) -> str:
        """Append an operator with one output; its name is ``serves/hint`` (default: the operator)."""
        return self.add_many(op, *operands, outputs=1, hint=hint, domain=domain, **attributes)[0]

    def add_many(
        self, op: str, *operands: Any, outputs: int, hint: str = "", domain: str = "", **attributes: Any
    ) -> tuple[str, ...]:
        """Append an operator with several outputs."""
        space = self.workspace
        stem = f"{self.serves}/{hint or op.lower()}"
        node = Node(
            op=op,
            inputs=self._inputs(operands, stem),
            outputs=tuple(unique(stem, space.taken) for _ in range(outputs)),
            opset=space.opset,
            domain=domain,
            attributes={k: v for k, v in attributes.items() if v is not None},
        )
        space.types.update(infer(node, space.types, space.constants))
        space.producers.update(dict.fromkeys(node.outputs, node))
        self.nodes.append(node)
        return node.outputs

    def again(self, node: Node, *operands: Any, **attributes: Any) -> str:
        """The same operator (first output) on other operands, with some attributes changed."""
        merged = {**node.attributes, **attributes}
        return self.add(node.op, *operands, domain=node.domain, **merged)

    def _inputs(self, operands: Sequence[Any], stem: str) -> tuple[str, ...]:
        listed = list(operands)
        while listed and (listed[-1] is None or (isinstance(listed[-1], str) and not listed[-1])):
            listed.pop()
        dtype = self._common_dtype(listed)
        return tuple(self._name(v, dtype, f"{stem}/constant") for v in listed)

    def _common_dtype(self, operands: Sequence[Any]) -> np.dtype[Any]:
        types = [self.dtype(v) for v in operands if isinstance(v, str) and v]
        return next((t for t in types if t != np.bool_), np.dtype(np.float32))

    def _name(self, operand: Any, dtype: np.dtype[Any], stem: str) -> str:
        if operand is None:
            return ""
        if isinstance(operand, str):
            return operand
        if isinstance(operand, (np.ndarray, np.generic)):
            return self.workspace.intern(np.asarray(operand, order="C"), stem)
        if isinstance(operand, (int, float)):
            return self.workspace.intern(np.asarray(operand, dtype), stem)
        return self.workspace.intern(np.asarray(operand, np.int64), stem)

    # What surrounds the node

    def type(self, value: str) -> ValueType:
        """Element type and shape of a value."""
        return self.workspace.types[value]

    def shape(self, value: str) -> tuple[int, ...]:
        """Shape of a value."""
        return self.type(value).shape

    def rank(self, value: str) -> int:
        """Rank of a value."""
        return len(self.shape(value))

    def dtype(self, value: str) -> np.dtype[Any]:
        """Element type of a value."""
        return self.type(value).dtype

    def is_constant(self, value: str) -> bool:
        """Whether a value is an initializer."""
        return value in self.workspace.constants

    def constant(self, value: str) -> Array | None:
        """The array of an initializer; None for a runtime value or an absent one."""
        return self.workspace.constants[value] if self.is_constant(value) else None

    def scalar(self, value: str) -> float | None:
        """The number in a constant of one element; None for anything else."""
        if not self.is_constant(value) or self.type(value).size != 1:
            return None
        return float(self.workspace.constants[value].reshape(-1)[0])

    def ints(self, value: str) -> tuple[int, ...] | None:
        """A constant as integers; None for a runtime value or an absent one."""
        array = self.constant(value)
        return None if array is None else tuple(int(v) for v in array.reshape(-1))

    def producer(self, value: str) -> Node | None:
        """The node that computes a value, already in legal form; None for inputs and constants."""
        return self.workspace.producers.get(value)

    def readers(self, value: str) -> tuple[Node, ...]:
        """The nodes that read a value when the sweep began: none for what rules have written since."""
        return self.workspace.readers.get(value, ())

    def is_used_once(self, value: str) -> bool:
        """Whether only one operand of the graph reads this value (outputs count as readers)."""
        return self.workspace.uses[value] <= 1

    def is_output(self, value: str) -> bool:
        """Whether a value is an output of the graph."""
        return value in self.workspace.outputs

    # Shorthands that fold constants

    def reshape(self, value: str, shape: Sequence[int]) -> str:
        """``value`` in another shape; constants at once, equal shapes as they are."""
        if self.shape(value) == tuple(shape):
            return value
        array = self.constant(value)
        if array is not None:
            return self.workspace.intern(array.reshape(tuple(shape)), f"{value}/reshape")
        return self.copy(value, shape)

    def copy(self, value: str, shape: Sequence[int]) -> str:
        """A Reshape of a runtime value or a constant, even to the shape that it has."""
        # Without allowzero, 0 would mean the operand's own dimension.
        return self.add("Reshape", value, list(shape), allowzero=1 if 0 in shape else None)

    def transpose(self, value: str, perm: Sequence[int]) -> str:
        """``value`` with its axes permuted; constants at once, the identity as it is."""
        if tuple(perm) == tuple(range(len(perm))):
            return value
        array = self.constant(value)
        if array is not None:
            return self.workspace.intern(np.ascontiguousarray(array.transpose(perm)), f"{value}/transpose")
        return self.add("Transpose", value, perm=tuple(perm))

    def cast(self, value: str, dtype: Any) -> str:
        """``value`` as another element type; as it is where it has that type already."""
        import onnx

        wanted = np.dtype(dtype)
        if self.dtype(value) == wanted:
            return value
        array = self.constant(value)
        if array is not None:
            return self.workspace.intern(array.astype(wanted), f"{value}/{wanted.name}")
        return self.add("Cast", value, to=int(onnx.helper.np_dtype_to_tensor_dtype(wanted)))

    def slice(self, value: str, axis: int, start: int, end: int, step: int = 1) -> str:
        """``value[start:end:step]`` along one axis; as it is where that is all of it."""
        if (start, end, step) == (0, self.shape(value)[axis], 1):
            return value
        return self.add("Slice", value, [start], [end], [axis], [step])

    def concat(self, values: Sequence[str], axis: int) -> str:
        """Values one after the other along ``axis``; one alone as it is."""
        return values[0] if len(values) == 1 else self.add("Concat", *values, axis=axis)

    def chain(self, op: str, values: Sequence[str]) -> str:
        """A binary operator over several values, from the left."""
        result = values[0]
        for value in values[1:]:
            result = self.add(op, result, value)
        return result

    def rename(self, old: str, new: str) -> None:
        """Let the node that computes ``old`` compute ``new`` instead, and its readers read that."""
        self.nodes[:] = [
            replace(
                n,
                inputs=tuple(new if v == old else v for v in n.inputs),
                outputs=tuple(new if v == old else v for v in n.outputs),
            )
            for n in self.nodes
        ]
