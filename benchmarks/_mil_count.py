"""Operators of a saved .mlpackage, counted in its program: constants are none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_SPECIFICATION = Path("Data/com.apple.CoreML/model.mlmodel")


def operators(package: Path) -> Counter[str]:
    """How often each MIL operator is in ``package``, nested blocks included."""
    from mobilekit.libraries import coremltools

    spec = coremltools().proto.Model_pb2.Model()
    spec.ParseFromString((package / _SPECIFICATION).read_bytes())
    found: Counter[str] = Counter()
    for function in spec.mlProgram.functions.values():
        for block in function.block_specializations.values():
            found.update(_types(block))
    return found


def _types(block: Any) -> Iterator[str]:
    for operation in block.operations:
        if operation.type != "const" and not operation.type.startswith("constexpr_"):
            yield operation.type
        for inner in operation.blocks:
            yield from _types(inner)
