"""A float32 package where the Neural Engine was meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mobilekit.convert.coreml.lints.lint import Lint, Setting
from mobilekit.convert.coreml.lints.sources import TYPED_EXECUTION

if TYPE_CHECKING:
    from mobilekit.convert.view import GraphView


def full_precision(view: GraphView, setting: Setting) -> Iterator[Lint]:  # noqa: ARG001 - no node matters
    """One lint if the package is float32 and may use the Neural Engine, which never will run it."""
    if setting.precision == "fp32" and setting.compute_units in ("all", "cpu_and_ne"):
        yield Lint(
            rule="full-precision",
            node="",
            what="a float32 package runs on GPU and CPU only, never on the Neural Engine",
            todo="take precision fp16; parts that need it stay float32 inside",
            source=TYPED_EXECUTION,
        )
