"""The formats that models are written in, by name: the only place where the pipeline tells them apart."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from mobilekit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mobilekit.pipeline.formats.base import Format


def format_of(name: str) -> Format:
    """The format called ``name``, as targets spell it. Raises UsageError for one that is not there."""
    known = formats()
    if name not in known:
        message = f"this version cannot write the format {name}"
        raise UsageError(message, hint=f"its formats are: {', '.join(known)}")
    return known[name]


@cache
def formats() -> Mapping[str, Format]:
    """All formats by name."""
    from mobilekit.pipeline.formats.coreml import Coreml
    from mobilekit.pipeline.formats.onnx_qdq import OnnxQdq
    from mobilekit.pipeline.formats.tflite import Tflite

    return MappingProxyType({each.name: each for each in (Tflite(), Coreml(), OnnxQdq())})
