"""What a lint is, and the setting that it is judged in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mobilekit.convert.view import GraphView

ComputeUnits = Literal["all", "cpu_and_ne", "cpu_and_gpu", "cpu_only"]
"""Core ML's MLComputeUnits, as coremltools spells them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lint:
    """Something about a model that Apple's hardware is said not to like.

    ``node`` is the first output of the node it is about (of the legalised graph), or the name of an
    input or output, or empty for the graph as a whole; ``what`` the finding with its numbers, ``todo``
    what to do about it, ``source`` who says so. Nothing was run: only a device knows where it computes.
    """

    rule: str
    node: str
    what: str
    todo: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the package will be: MIL's opset, the units it may use, the precision it computes in."""

    opset: str
    compute_units: ComputeUnits
    precision: str

    @property
    def neural_engine(self) -> bool:
        """Whether the Neural Engine may be used, and could: it computes in float16 only."""
        return self.compute_units in ("all", "cpu_and_ne") and self.precision != "fp32"

    @property
    def half(self) -> bool:
        """Whether values are float16."""
        return self.precision != "fp32"


Rule = Callable[["GraphView", Setting], Iterator[Lint]]
