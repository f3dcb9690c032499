"""An ONNX model while it is being written: nodes in order, constants, and names that are still free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx

    from mobilekit.tensors import Array


@dataclass(slots=True)
class Draft:
    """What is written so far; ``taken`` are all names in use."""

    taken: set[str]
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)
    _node_names: set[str] = field(default_factory=set)
    _known: dict[tuple[object, ...], str] = field(default_factory=dict)

    def name(self, wanted: str) -> str:
        """``wanted``, or the first free name like it; taken from now on."""
        found, count = wanted, 2
        while found in self.taken:
            found, count = f"{wanted}/{count}", count + 1
        self.taken.add(found)
        return found

    def add(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """Append a node with one output, whose name is used as it is; the name."""
        import onnx

        self.taken.add(output)
        self.append(onnx.helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def append(self, node: onnx.NodeProto) -> None:
        """Append ``node``, with its name or the first free one like it."""
        wanted, count = node.name, 2
        while node.name in self._node_names:
            node.name, count = f"{wanted}/{count}", count + 1
        self._node_names.add(node.name)
        self.nodes.append(node)

    def step(self, kind: str, inputs: Sequence[str], wanted: str, **attributes: Any) -> str:
        """Append a node whose output is new, called like ``wanted``; its name."""
        return self.add(kind, inputs, self.name(wanted), **attributes)

    def constant(self, wanted: str, array: Array) -> str:
        """The initializer that holds ``array``; equal ones that want the same name are one."""
        array = np.asarray(array, order="C")
        key = (wanted, array.tobytes(), array.shape, array.dtype.str)
        if key not in self._known:
            self._known[key] = self.name(wanted)
            self.constants[self._known[key]] = array
        return self._known[key]

    def keep(self, name: str, array: Array) -> None:
        """The initializer ``name``, which the graph has already."""
        self.constants.setdefault(name, array)
