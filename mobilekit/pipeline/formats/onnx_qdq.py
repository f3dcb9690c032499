"""ONNX with QuantizeLinear and DequantizeLinear, for ONNX Runtime, TensorRT and Qualcomm's provider."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from mobilekit.convert.qdq.api import emit
from mobilekit.convert.refusals import Dialect
from mobilekit.convert.tflite.ops import TABLE
from mobilekit.errors import UsageError
from mobilekit.package.invariants import (
    check_output_ranges,
    check_softmax,
    softmax_outputs,
    written_by_integers,
)
from mobilekit.pipeline.formats.base import Format, Quantised, Writing
from mobilekit.plan.rewrite import rewritten
from mobilekit.tier import Io, Precision

if TYPE_CHECKING:
    from mobilekit.package.manifest import Published
    from mobilekit.source.graph import Graph
    from mobilekit.target import Opset
    from mobilekit.tensors import Feed
    from mobilekit.tier import Tier


class OnnxQdq(Format):
    """One .qdq.onnx file: the graph that a .tflite file of the same plan is written of, in ONNX's words."""

    name: ClassVar[str] = "onnx-qdq"
    suffix: ClassVar[str] = ".qdq.onnx"
    precisions: ClassVar[tuple[Precision, ...]] = ("fp32", "int8", "w8a16")
    ios: ClassVar[tuple[Io, ...]] = ("float32",)
    has_fallback: ClassVar[bool] = False
    needs_islands: ClassVar[bool] = False

    def dialect(self, opset: Opset) -> Dialect:  # noqa: ARG002 - it has one version
        """What has a form that a plan can be made of; ONNX itself can say all of it."""
        return Dialect(profile="tflite-cpu", table=TABLE, refused_nodes=_none_refused)

    def profile_of(self, tier: Tier) -> str:  # noqa: ARG002 - plans are of one form
        """The form that plans are made of."""
        return "tflite-cpu"

    def write(self, path: Path, writing: Writing) -> None:
        """Write the file. Raises PlanError."""
        plan = writing.plan
        content = emit(
            rewritten(writing.graph, plan) if plan else writing.graph,
            precision=cast("Literal['fp32', 'int8', 'w8a16']", writing.precision),
            plan=plan,
            source_inputs=writing.inputs,
            source_outputs=writing.outputs,
        )
        path.write_bytes(content)

    def examine(self, path: Path) -> Mapping[str, int]:
        """How often each operator occurs."""
        import onnx

        model = onnx.ModelProto.FromString(path.read_bytes())
        return dict(sorted(Counter(node.op_type for node in model.graph.node).items()))

    def check_planned(self, path: Path, outputs: Feed, quantised: Quantised) -> None:  # noqa: ARG002
        """Probabilities sum to one, outputs use their range."""
        nodes = quantised.graph.proto().graph.node
        check_softmax(outputs, softmax_outputs(nodes, list(outputs)))
        check_output_ranges(outputs, written=written_by_integers(quantised.graph, quantised.plan))

    def write_tier(
        self,
        folder: Path,  # noqa: ARG002
        model: Path,  # noqa: ARG002
        published: Published,
    ) -> Mapping[str, Any]:
        """No store takes such files: raises UsageError."""
        message = f"no target publishes {self.name} files, tier {published.tier.name} asks for one"
        raise UsageError(message, hint=f"mobilekit convert --to {self.name} writes one")

    def integer_islands(self, path: Path) -> Mapping[str, int] | None:  # noqa: ARG002
        """Not counted: which operators fall together is its runtime's choice."""
        return None


def _none_refused(graph: Graph) -> tuple[tuple[str, str], ...]:  # noqa: ARG001
    return ()
