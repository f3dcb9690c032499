"""Feeds that can be iterated again and again, made one at a time."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.errors import InputDataError

if TYPE_CHECKING:
    from mobilekit.tensors import Array, Feed, TensorSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSource:
    """Feeds by ONNX names, layouts, shapes and dtypes; none is kept.

    ``make(items, i)`` builds the feed of ``items[i]``; it sees all of ``items`` so that inputs that
    are paired are paired within this source. ``digest`` depends on all content, on the model's
    inputs and on what they mean. ``notes`` are what a reader of results should know about the samples.
    ``jobs`` processes may share the work on them; no result depends on how many.
    """

    items: tuple[int, ...]
    names: tuple[str, ...]
    digest: str
    make: Callable[[tuple[int, ...], int], Feed]
    notes: tuple[str, ...] = ()
    jobs: int = 1

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Feed:
        return self.make(self.items, range(len(self.items))[index])

    def __iter__(self) -> Iterator[Feed]:
        return (self.make(self.items, index) for index in range(len(self.items)))

    def select(self, indices: Sequence[int]) -> SampleSource:
        """The samples at ``indices``, as a source of its own."""
        chosen = ",".join(str(index) for index in indices)
        return SampleSource(
            items=tuple(self.items[index] for index in indices),
            names=tuple(self.names[index] for index in indices),
            digest=hashlib.sha256(f"{self.digest}[{chosen}]".encode()).hexdigest(),
            make=self.make,
            notes=self.notes,
            jobs=self.jobs,
        )

    def spread(self, count: int) -> SampleSource:
        """At most ``count`` samples, evenly spread over this source.

        A source of its own: where two inputs come from photos, it pairs its photos anew.
        """
        total = len(self.items)
        if total <= count:
            return self
        return self.select(self._spread(count))

    def picked(self, count: int) -> dict[str, Feed]:
        """At most ``count`` of the very feeds that this source makes, evenly spread, by name."""
        return {self.names[index]: self[index] for index in self._spread(count)}

    def _spread(self, count: int) -> list[int]:
        total = len(self.items)
        return list(range(total)) if total <= count else [index * total // count for index in range(count)]


def split(samples: SampleSource) -> tuple[SampleSource, SampleSource]:
    """``(calibration, scoring)``: the even samples and the odd ones, in the order of their names."""
    return samples.select(range(0, len(samples), 2)), samples.select(range(1, len(samples), 2))


def given_samples(inputs: tuple[TensorSpec, ...], samples: Sequence[Feed]) -> SampleSource:
    """Ready-made feeds as a source. Raises InputDataError where one does not fit ``inputs``."""
    if not samples:
        message = "samples is empty"
        raise InputDataError(message, hint="give at least one feed: {input name: array}")
    state = hashlib.sha256()
    for index, feed in enumerate(samples):
        _check_feed(inputs, feed, f"samples[{index}]")
        for spec in inputs:
            state.update(f"{spec.name}\0{spec.dtype}\0{spec.shape}\0".encode())
            state.update(np.ascontiguousarray(feed[spec.name]).tobytes())
    return SampleSource(
        items=tuple(range(len(samples))),
        names=tuple(f"samples[{index}]" for index in range(len(samples))),
        digest=state.hexdigest(),
        make=lambda items, index: samples[items[index]],
    )


def _check_feed(inputs: tuple[TensorSpec, ...], feed: Feed, where: str) -> None:
    names = sorted(spec.name for spec in inputs)
    if sorted(feed) != names:
        message = f"{where} has {sorted(feed)}, the model's inputs are {names}"
        raise InputDataError(message, hint="give every input once, by its ONNX name")
    for spec in inputs:
        check_value(spec, feed[spec.name], where)


def check_value(spec: TensorSpec, value: Array, where: str) -> None:
    """Raise InputDataError unless ``value`` is a finite array of exactly the input's shape and dtype."""
    kind, shape = getattr(value, "dtype", type(value).__name__), getattr(value, "shape", ())
    if shape != spec.shape or str(kind) != spec.dtype.value:
        got = f"{kind} {list(shape)}"
        message = f"{where}: input {spec.name} got {got}, expected {spec.dtype} {list(spec.shape)}"
        raise InputDataError(message, hint="shapes and types must match the model's input exactly")
    if spec.dtype.is_float and not np.isfinite(value).all():
        message = f"{where}: input {spec.name} holds NaN or infinity"
        raise InputDataError(message)


class RecentArrays:
    """The arrays used last, up to a number of bytes, so that a photo of two inputs is decoded once."""

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity = capacity_bytes
        self._size = 0
        self._arrays: OrderedDict[Hashable, Array] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Array]) -> Array:
        """The array of ``key``, made if it is not here (any more)."""
        if key in self._arrays:
            self._arrays.move_to_end(key)
            return self._arrays[key]
        array = make()
        self._arrays[key] = array
        self._size += array.nbytes
        while self._size > self._capacity and len(self._arrays) > 1:
            self._size -= self._arrays.popitem(last=False)[1].nbytes
        return array
