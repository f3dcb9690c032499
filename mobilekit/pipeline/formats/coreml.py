"""Core ML: ML programs in .mlpackage folders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from mobilekit.convert.coreml.api import emit
from mobilekit.convert.coreml.refused import dialect
from mobilekit.package.coreml_facts import facts_of
from mobilekit.package.ios import write_tier
from mobilekit.pipeline.formats.base import Format, Writing
from mobilekit.tier import Io, Precision

if TYPE_CHECKING:
    from mobilekit.convert.refusals import Dialect
    from mobilekit.package.manifest import Published
    from mobilekit.target import Opset
    from mobilekit.tier import Tier


class Coreml(Format):
    """A folder; computed in float32 or, but for islands, in float16."""

    name: ClassVar[str] = "coreml"
    suffix: ClassVar[str] = ".mlpackage"
    precisions: ClassVar[tuple[Precision, ...]] = ("fp32", "fp16")
    ios: ClassVar[tuple[Io, ...]] = ("float32", "image")
    has_fallback: ClassVar[bool] = False
    needs_islands: ClassVar[bool] = True
    integer_bits: ClassVar[int] = 32

    def dialect(self, opset: Opset) -> Dialect:
        """What MIL can say."""
        return dialect(opset)

    def profile_of(self, tier: Tier) -> str:  # noqa: ARG002 - one form for all compute units
        """One form: the fewest operators, which the Neural Engine and the GPU both like."""
        return "coreml"

    def write(self, path: Path, writing: Writing) -> None:
        """Write the package. Raises UnsupportedOperatorError, DescriptionError for impossible images."""
        emit(
            writing.graph,
            path,
            precision=cast("Literal['fp32', 'fp16']", writing.precision),
            description=writing.description,
            source_inputs=writing.inputs,
            source_outputs=writing.outputs,
            io=cast("Literal['float32', 'image']", writing.io),
            opset=writing.opset,
            islands=writing.islands,
            compression=writing.compression,
        )

    def examine(self, path: Path) -> Mapping[str, int]:
        """The operators. Raises UnsoundArtifactError for shapes that are not fixed, or of rank 6."""
        return facts_of(path).operators

    def write_tier(self, folder: Path, model: Path, published: Published) -> Mapping[str, Any]:
        """Package and manifest."""
        return write_tier(folder, model, published)

    def integer_islands(self, path: Path) -> Mapping[str, int] | None:  # noqa: ARG002 - none has any
        """Nothing computes with integers."""
        return None
