"""What the pipeline asks of a format: how its file is written, examined and published."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mobilekit.tier import PLANNED, Io, Precision

if TYPE_CHECKING:
    from mobilekit.convert.refusals import Dialect
    from mobilekit.description import ModelDescription
    from mobilekit.package.manifest import Published
    from mobilekit.quantisation import QuantisationPlan
    from mobilekit.source.graph import Graph
    from mobilekit.target import Opset
    from mobilekit.tensors import Feed, TensorSpec
    from mobilekit.tier import Compression, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantised:
    """What a file with integer activations was made from; its invariants follow from both."""

    graph: Graph
    plan: QuantisationPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What a file is written from: a legalised graph, and how. ``inputs`` and ``outputs`` are the model's.

    ``islands`` are nodes of an fp16 file that compute in float32, ``opset`` the Core ML version that the
    file is for, ``compression`` how its weights are kept.
    """

    graph: Graph
    precision: Precision
    plan: QuantisationPlan | None = None
    io: Io = "float32"
    description: ModelDescription | None = None
    inputs: tuple[TensorSpec, ...] | None = None
    outputs: tuple[TensorSpec, ...] | None = None
    opset: Opset = "iOS17"
    islands: tuple[str, ...] = ()
    compression: Compression = "none"


class Format(ABC):
    """A format that models are written in. ``model_file`` is the file (or folder) in a tier's folder."""

    name: ClassVar[str]
    suffix: ClassVar[str]
    precisions: ClassVar[tuple[Precision, ...]]
    ios: ClassVar[tuple[Io, ...]]
    has_fallback: ClassVar[bool]
    needs_islands: ClassVar[bool]
    """Whether an fp16 file computes in float16 everywhere, but where it is told otherwise."""
    integer_bits: ClassVar[int] = 64
    """What its widest integers have."""

    @property
    def model_file(self) -> str:
        """The name of a tier's model."""
        return f"model{self.suffix}"

    @abstractmethod
    def dialect(self, opset: Opset) -> Dialect:
        """What it can say; where it is Core ML, of ``opset``."""

    @abstractmethod
    def profile_of(self, tier: Tier) -> str:
        """What a tier's model is legalised for."""

    @abstractmethod
    def write(self, path: Path, writing: Writing) -> None:
        """Write the file ``path``. Raises UnsupportedOperatorError."""

    @abstractmethod
    def examine(self, path: Path) -> Mapping[str, int]:
        """How often each operator occurs in a file. Raises UnsoundArtifactError if one may not."""

    def check_planned(self, path: Path, outputs: Feed, quantised: Quantised) -> None:
        """What must hold of a file by a plan, and of its ``outputs``. Raises UnsoundArtifactError."""
        message = f"{path}: {self.name} has no files of precision {' or '.join(PLANNED)}"
        raise NotImplementedError(message)

    @abstractmethod
    def write_tier(self, folder: Path, model: Path, published: Published) -> Mapping[str, Any]:
        """Fill a tier's ``folder`` with the file ``model`` and its manifest, which is returned."""

    @abstractmethod
    def integer_islands(self, path: Path) -> Mapping[str, int] | None:
        """The float islands of an integer file; None for another."""

    def write_alone(self, graph: Graph, folder: Path) -> Path:
        """The float file of ``graph``, in ``folder``: for one operator alone."""
        path = folder / self.model_file
        self.write(path, Writing(graph=graph, precision="fp32"))
        return path
