"""TensorFlow Lite, for LiteRT."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast, get_args

from mobilekit.convert.tflite.api import emit
from mobilekit.convert.tflite.delegates.operators import operators_of_file
from mobilekit.convert.tflite.refused import DIALECT
from mobilekit.legalise.profiles import profile_for
from mobilekit.package.android import write_tier
from mobilekit.package.invariants import (
    check_activations,
    check_operators,
    check_output_ranges,
    check_softmax,
    planned_convolutions,
    softmax_outputs,
    written_by_integers,
)
from mobilekit.package.islands import islands_of
from mobilekit.package.tflite_facts import facts_of
from mobilekit.pipeline.formats.base import Format, Quantised, Writing
from mobilekit.plan.rewrite import rewritten
from mobilekit.tier import PLANNED, Io, Precision

if TYPE_CHECKING:
    from mobilekit.convert.refusals import Dialect
    from mobilekit.package.manifest import Published
    from mobilekit.target import Opset
    from mobilekit.tensors import Feed
    from mobilekit.tier import Tier


class Tflite(Format):
    """One .tflite file."""

    name: ClassVar[str] = "tflite"
    suffix: ClassVar[str] = ".tflite"
    precisions: ClassVar[tuple[Precision, ...]] = get_args(Precision)
    ios: ClassVar[tuple[Io, ...]] = ("float32", "int8")
    has_fallback: ClassVar[bool] = True
    needs_islands: ClassVar[bool] = False

    def dialect(self, opset: Opset) -> Dialect:  # noqa: ARG002 - it has one version
        """What the operators of TFLite can say."""
        return DIALECT

    def profile_of(self, tier: Tier) -> str:
        """The forms of the accelerator that the tier names first.

        A tier with a plan has the CPU's forms, so that a plan is of the same graph in every command.
        """
        return "tflite-cpu" if tier.precision in PLANNED else profile_for(tier.accelerators)

    def write(self, path: Path, writing: Writing) -> None:
        """Write the file. Raises UnsupportedOperatorError."""
        plan = writing.plan
        content = emit(
            rewritten(writing.graph, plan) if plan else writing.graph,
            precision=writing.precision,
            plan=plan,
            description=writing.description,
            source_inputs=writing.inputs,
            source_outputs=writing.outputs,
            io=cast("Literal['float32', 'int8']", writing.io),
        )
        path.write_bytes(content)

    def examine(self, path: Path) -> Mapping[str, int]:
        """The operators. Raises UnsoundArtifactError for those that no LiteRT has by itself."""
        facts = facts_of(path)
        check_operators(facts)
        return facts.histogram()

    def check_planned(self, path: Path, outputs: Feed, quantised: Quantised) -> None:
        """Convolutions are integer, probabilities sum to one, outputs use their range."""
        nodes = quantised.graph.proto().graph.node
        check_activations(facts_of(path), planned_convolutions(nodes, quantised.plan))
        check_softmax(outputs, softmax_outputs(nodes, list(outputs)))
        check_output_ranges(outputs, written=written_by_integers(quantised.graph, quantised.plan))

    def write_tier(self, folder: Path, model: Path, published: Published) -> Mapping[str, Any]:
        """Model and manifest."""
        return write_tier(folder, model, published)

    def integer_islands(self, path: Path) -> Mapping[str, int] | None:
        """Float operators between integer ones."""
        found = islands_of(operators_of_file(path))
        return found.to_dict() if found is not None else None
