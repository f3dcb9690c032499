"""How a value looks in another order of its axes, or in another shape: what a Transpose or Reshape undoes.

*Outer* is the value as the nodes of a region have it, *inner* as it was before the region's entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node
    from mobilekit.tensors import Array

Shape = tuple[int, ...]


class Frame(Protocol):
    """A way from outer to inner and back."""

    def shape(self, outer: Shape) -> Shape | None:
        """The inner shape of a value, also of one that broadcasts; None where there is none."""

    def axes(self, outer: Sequence[int]) -> tuple[int, ...] | None:
        """The inner axes over which a reduction over these is taken; None where it cuts one."""

    def axis(self, outer: int) -> int | None:
        """The one inner axis that is this axis."""

    def constant(self, value: Array, rank: int) -> Array | None:
        """A constant operand of values of this outer rank."""

    def into(self, editor: Editor, name: str, at: Node) -> str:
        """A node that makes an inner value of an outer one."""

    def out_of(self, editor: Editor, name: str, outer: Shape, at: Node) -> str:
        """A node that makes an outer value of an inner one."""

    def is_entry(self, editor: Editor, node: Node) -> bool:
        """Whether the node makes an outer value of an inner one."""

    def is_exit(self, editor: Editor, node: Node) -> bool:
        """Whether the node makes an inner value of an outer one."""


def padded(shape: Shape, rank: int) -> Shape:
    """With leading ones."""
    return (1,) * (rank - len(shape)) + shape


@dataclass(frozen=True, slots=True)
class Permuted:
    """Outer axis i is inner axis ``order[i]``."""

    order: Shape

    @property
    def _inverse(self) -> Shape:
        return tuple(self.order.index(i) for i in range(len(self.order)))

    def shape(self, outer: Shape) -> Shape | None:
        return tuple(outer[i] for i in self._inverse) if len(outer) == len(self.order) else None

    def axes(self, outer: Sequence[int]) -> tuple[int, ...] | None:
        return tuple(sorted(self.order[a] for a in outer))

    def axis(self, outer: int) -> int | None:
        return self.order[outer]

    def constant(self, value: Array, rank: int) -> Array | None:
        if value.ndim > rank or rank != len(self.order):
            return None
        return np.ascontiguousarray(value.reshape(padded(value.shape, rank)).transpose(self._inverse))

    def into(self, editor: Editor, name: str, at: Node) -> str:
        return editor.add("Transpose", [name], at=at, perm=self._inverse)

    def out_of(self, editor: Editor, name: str, outer: Shape, at: Node) -> str:  # noqa: ARG002 - Viewed's
        return editor.add("Transpose", [name], at=at, perm=self.order)

    def is_entry(self, editor: Editor, node: Node) -> bool:  # noqa: ARG002
        return node.is_op("Transpose") and tuple(node.attribute("perm", ())) == self.order

    def is_exit(self, editor: Editor, node: Node) -> bool:  # noqa: ARG002
        return node.is_op("Transpose") and tuple(node.attribute("perm", ())) == self._inverse


@dataclass(frozen=True, slots=True)
class Viewed:
    """The same elements in the shapes ``inner`` and ``outer``; an axis of one may be several of the other."""

    inner: Shape
    outer: Shape

    def _groups(self) -> list[tuple[list[int], list[int]]]:
        """Runs of inner axes and of outer axes with the same elements; axes of size 1 join the run before."""
        found: list[tuple[list[int], list[int]]] = []
        i = o = 0
        while i < len(self.inner) or o < len(self.outer):
            one, other = [i] if i < len(self.inner) else [], [o] if o < len(self.outer) else []
            i, o = i + len(one), o + len(other)
            while prod(self.inner[a] for a in one) != prod(self.outer[a] for a in other):
                if prod(self.inner[a] for a in one) < prod(self.outer[a] for a in other):
                    one.append(i)
                    i += 1
                else:
                    other.append(o)
                    o += 1
            found.append((one, other))
        return found

    def shape(self, outer: Shape) -> Shape | None:
        if len(outer) != len(self.outer):
            return None
        result = [1] * len(self.inner)
        for one, other in self._groups():
            sizes = [outer[a] for a in other]
            wide = [[a for a in one if self.inner[a] != 1], [a for a in other if self.outer[a] != 1]]
            if [len(w) for w in wide] == [1, 1] and all(outer[a] == 1 for a in other if a not in wide[1]):
                result[wide[0][0]] = outer[wide[1][0]]  # one axis, of whatever size
            elif sizes == [self.outer[a] for a in other]:
                for a in one:
                    result[a] = self.inner[a]
            elif any(size != 1 for size in sizes):
                return None
        return tuple(result)

    def axes(self, outer: Sequence[int]) -> tuple[int, ...] | None:
        found: list[int] = []
        for one, other in self._groups():
            wide = [a for a in other if self.outer[a] != 1]
            inside = [a in outer for a in wide]
            if wide and any(inside) != all(inside):
                return None
            if wide and all(inside):
                found += one
        return tuple(found) or None

    def axis(self, outer: int) -> int | None:
        for one, other in self._groups():
            inner = [a for a in one if self.inner[a] != 1] or one[:1]
            own = [a for a in other if self.outer[a] != 1] or other[:1]
            if own == [outer] and len(inner) == 1:
                return inner[0]
        return None

    def constant(self, value: Array, rank: int) -> Array | None:
        if value.ndim > rank or rank != len(self.outer):
            return None
        wanted = self.shape(padded(value.shape, rank))
        return None if wanted is None else value.reshape(wanted)

    def into(self, editor: Editor, name: str, at: Node) -> str:
        wanted = self.shape(editor.shape(name))
        return _reshape(editor, name, wanted or (), at)

    def out_of(self, editor: Editor, name: str, outer: Shape, at: Node) -> str:
        return _reshape(editor, name, outer, at)

    def is_entry(self, editor: Editor, node: Node) -> bool:
        return node.is_op("Reshape") and self._shapes(editor, node) == (self.inner, self.outer)

    def is_exit(self, editor: Editor, node: Node) -> bool:
        if not node.is_op("Reshape"):
            return False
        return self.shape(editor.shape(node.inputs[0])) == editor.shape(node.outputs[0])

    def _shapes(self, editor: Editor, node: Node) -> tuple[Shape, Shape]:
        return editor.shape(node.inputs[0]), editor.shape(node.outputs[0])


def _reshape(editor: Editor, name: str, shape: Shape, at: Node) -> str:
    constant = editor.add_constant(np.array(shape, np.int64), f"{name}/shape")
    return editor.add("Reshape", [name, constant], at=at)


def frame_of(editor: Editor, node: Node) -> Frame | None:
    """The frame that a node enters, if it is a Transpose or Reshape of something."""
    if not node.is_op("Transpose", "Reshape") or node.inputs[0] in editor.constants:
        return None
    if node.is_op("Transpose"):
        return Permuted(tuple(node.attribute("perm", ())))
    shapes = editor.shape(node.inputs[0]), editor.shape(node.outputs[0])
    return Viewed(*shapes) if all(shapes[0]) and prod(shapes[0]) == prod(shapes[1]) else None
