"""A graph while it is made: each node runs in ONNX Runtime as it is added, which gives its result's type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import helper, numpy_helper

from tests.fuzz.choice import Choice
from tests.fuzz.stepper import NodeError, Runner, reads_of

FLOATS = ("float",)
_MOST_INPUTS = 4
_MOST_ELEMENTS = 6000
_MOST_ABS = 3e4
_LEAST_ABS = 1e-12
_MOST_RANK = 6


class Unfit(Exception):
    """The operator cannot be applied here; the graph goes on without it."""


@dataclass
class Value:
    """A value computed at run time, with what it is for the first feed."""

    name: str
    array: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def rank(self) -> int:
        return self.array.ndim

    @property
    def kind(self) -> str:
        return "float" if self.array.dtype.kind == "f" else self.array.dtype.name


@dataclass
class Input:
    """An input of the graph: ``make(seed)`` gives its value in a feed."""

    name: str
    array: np.ndarray
    make: Callable[[int], np.ndarray]


@dataclass
class Draft:
    """Choices, and what has been made of them so far."""

    choose: Choice
    opset: int
    dtype: np.dtype = field(default_factory=lambda: np.dtype(np.float32))
    seed: int = 0
    inputs: list[Input] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    known: dict[str, np.ndarray] = field(default_factory=dict)
    feeds: int = 2
    _count: int = 0

    # ---- names and numbers ----
    def fresh(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def np_dtype(self, kind: str) -> np.dtype:
        return self.dtype if kind == "float" else np.dtype(kind)

    def numbers(
        self, shape: Sequence[int], kind: str, low: float | None, high: float | None, *, feed=0, key=None
    ):
        """Seeded numbers; integers and floats in general position, by default of -2 … 2."""
        rng = np.random.default_rng((self.seed, feed, self._count if key is None else key))
        dtype = self.np_dtype(kind)
        if kind == "bool":
            return rng.integers(0, 2, shape).astype(bool)
        low = (0 if dtype.kind == "u" else -2) if low is None else low
        high = (5 if dtype.kind in "iu" else 2) if high is None else high
        if dtype.kind in "iu":
            return rng.integers(int(low), int(high) + 1, shape).astype(dtype)
        return rng.uniform(low, high, shape).astype(dtype)

    # ---- operands ----
    def shape(self, rank: int, *, most: int = 7) -> tuple[int, ...]:
        """A shape of small, mostly odd sizes; smaller ones at high ranks."""
        most = {5: 4, 6: 3}.get(rank, most)
        return tuple(self.choose.integer(1, most) for _ in range(rank))

    def input(self, shape: Sequence[int], kind: str = "float", low=None, high=None) -> Value:
        """A new input of the graph. Raises Unfit if there are many already."""
        if len(self.inputs) >= _MOST_INPUTS:
            msg = "too many inputs"
            raise Unfit(msg)
        name = self.fresh("x")
        key, shape = self._count, tuple(shape)

        def make(feed: int) -> np.ndarray:
            return self.numbers(shape, kind, low, high, feed=feed, key=key)

        value = Value(name, make(0))
        self.inputs.append(Input(name, value.array, make))
        self.values.append(value)
        return value

    def operand(
        self,
        *kinds: str,
        ranks: Sequence[int] = range(1, _MOST_RANK + 1),
        where: Callable[[Value], bool] | None = None,
        shape: Callable[[], Sequence[int]] | None = None,
        low=None,
        high=None,
    ) -> Value:
        """A value of one of ``kinds`` with a rank of ``ranks``: the last ones first, or a new input.

        ``low`` and ``high`` bound its numbers; ``shape`` makes the shape of a new input.
        """
        kinds = kinds or FLOATS
        fitting = [
            v
            for v in reversed(self.values)
            if v.kind in kinds and v.rank in ranks and _within(v, low, high) and (where is None or where(v))
        ]
        if fitting and not self.choose.chance(8):
            return self.choose.of(fitting)
        made = shape() if shape else self.shape(self.choose.of([r for r in ranks if r]))
        value = self.input(made, self.choose.of(kinds), low, high)
        if where is not None and not where(value):
            msg = "the new input does not fit"
            raise Unfit(msg)
        return value

    def constant(self, array: np.ndarray, *, plain: bool = False) -> str:
        """A constant: an initializer (an old one, if there is an equal one), or a Constant node."""
        array = np.asarray(array)
        for name, old in self.constants.items():
            if old.dtype == array.dtype and old.shape == array.shape and old.tobytes() == array.tobytes():
                return name
        name = self.fresh("c")
        if not plain and self.choose.chance(15):
            tensor = numpy_helper.from_array(array, name)
            self.nodes.append(helper.make_node("Constant", [], [name], value=tensor))
            self.known[name] = array
        else:
            self.constants[name] = array
        return name

    def scalar(self, value: float, kind: str = "float") -> str:
        return self.constant(np.asarray(value, self.np_dtype(kind)))

    def weight(self, shape: Sequence[int], kind: str = "float", low=None, high=None, runtime: int = 5) -> str:
        """Numbers of a given shape: a constant, in ``runtime`` of 100 cases a value of the graph."""
        shape = tuple(shape)
        if self.choose.chance(runtime):
            fitting = [
                v
                for v in reversed(self.values)
                if v.kind == kind and v.shape == shape and _within(v, low, high)
            ]
            if fitting:
                return self.choose.of(fitting).name
            if len(self.inputs) < _MOST_INPUTS:
                return self.input(shape, kind, low, high).name
        self._count += 1
        return self.constant(self.numbers(shape, kind, low, high))

    def ints(self, values: Sequence[int], dtype: str = "int64") -> str:
        """An integer vector: a constant, or the shape arithmetic that exporters write."""
        array = np.asarray(values, dtype)
        how = self.choose.integer(0, 9)
        if how == 7 and array.ndim == 1 and array.size > 1:
            return self._joined(array)
        if how == 8 and dtype == "int64" and array.ndim == 1 and array.size:
            return self._measured(array)
        if how == 9:
            half = self.constant(array // 2, plain=True)
            return self.node("Add", [half, self.constant(array - array // 2, plain=True)])
        return self.constant(array)

    def _joined(self, array: np.ndarray) -> str:
        cut = self.choose.integer(1, array.size - 1)
        return self.node("Concat", [self.constant(array[:cut]), self.constant(array[cut:])], axis=0)

    def _measured(self, array: np.ndarray) -> str:
        """``Concat(Unsqueeze(Gather(Shape(x), i)), …)`` where a value has such a size."""
        parts = []
        for number in array:
            owner = next((v for v in reversed(self.values) if int(number) in v.shape), None)
            if owner is None or len(parts) > 3:
                parts.append(self.constant(np.asarray([number])))
                continue
            index = self.constant(np.asarray(owner.shape.index(int(number)), np.int64))
            size = self.node("Gather", [self.node("Shape", [owner.name]), index], axis=0)
            parts.append(self.unsqueeze(size, [0]))
        return self.node("Concat", parts, axis=0)

    def unsqueeze(self, name: str, axes: Sequence[int]) -> str:
        if self.opset < 13:
            return self.node("Unsqueeze", [name], axes=list(axes))
        return self.node("Unsqueeze", [name, self.constant(np.asarray(axes, np.int64), plain=True)])

    # ---- nodes ----
    def array(self, name: str) -> np.ndarray:
        """What a name is for the first feed."""
        if name in self.constants or name in self.known:
            return self.constants.get(name, self.known.get(name))
        return next(v.array for v in self.values if v.name == name)

    def add(self, op: str, inputs: Sequence[Value | str], *, outputs: int = 1, **attributes) -> list[Value]:
        """A node with results at run time. Raises Unfit if ONNX Runtime refuses it, or for wild numbers."""
        names = [v.name if isinstance(v, Value) else v for v in inputs]
        results = self._run(op, names, outputs, attributes)
        for _, array in results:
            if array.size > _MOST_ELEMENTS or array.ndim > _MOST_RANK or 0 in array.shape:
                msg = f"{op}: result of shape {array.shape}"
                raise Unfit(msg)
            if array.dtype.kind == "f" and not _is_tame(array):
                msg = f"{op}: wild numbers"
                raise Unfit(msg)
        values = [Value(name, array) for name, array in results]
        self.values += values
        return values

    def node(self, op: str, inputs: Sequence[str], **attributes) -> str:
        """A node whose result depends on constants and shapes alone."""
        ((name, array),) = self._run(op, list(inputs), 1, attributes)
        self.known[name] = array
        return name

    def _run(self, op: str, names: list[str], outputs: int, attributes) -> list[tuple[str, np.ndarray]]:
        while names and not names[-1]:
            names.pop()
        made = [self.fresh("v") for _ in range(outputs)]
        given = {k: v for k, v in attributes.items() if v is not None}
        node = helper.make_node(op, names, made, name=self.choose.of(["", f"/{op}/{made[0]}"]), **given)
        read = reads_of(node)
        constants = {
            n: self.constants.get(n, self.known.get(n))
            for n in read
            if n in self.constants or n in self.known
        }
        runtime = {v.name: v.array for v in self.values if v.name in read}
        try:
            runner = Runner(node, self.opset, runtime, constants)
            results = runner.run(runtime)
        except NodeError as error:
            msg = f"{op}: {str(error)[:200]}"
            raise Unfit(msg) from error
        self.nodes.append(node)
        return list(zip(made, results, strict=True))


def _is_tame(array: np.ndarray) -> bool:
    """Finite and neither huge nor tiny: doubles may be beyond the range of the float32 that they become."""
    most = float(np.abs(array).max(initial=0.0))
    return bool(np.isfinite(array).all()) and most < _MOST_ABS and (most == 0 or most > _LEAST_ABS)


def _within(value: Value, low: float | None, high: float | None) -> bool:
    if value.array.dtype.kind == "b" or (low is None and high is None):
        return True
    least, most = float(value.array.min()), float(value.array.max())
    return (low is None or least >= low) and (high is None or most <= high)
