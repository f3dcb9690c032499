"""What a QDQ model says about itself: its format, its plan, and the equalisation of its values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mobilekit.tensors import TensorSpec

ENTRY = "mobilekit"
FORMAT = "mobilekit-qdq/1"


def metadata(
    *,
    precision: str,
    plan: str | None,
    inputs: tuple[TensorSpec, ...],
    outputs: tuple[TensorSpec, ...],
    integers: Mapping[str, str],
    written: Sequence[str],
) -> dict[str, str]:
    """The metadata_props of a file, by name: canonical JSON under :data:`ENTRY`.

    ``plan`` is the digest of the plan; ``integers`` maps a value to the name of its integers,
    ``written`` are those that an integer operator writes.
    """
    content: dict[str, Any] = {
        "format": FORMAT,
        "precision": precision,
        "plan": plan,
        "inputs": [_entry(spec) for spec in inputs],
        "outputs": [_entry(spec) for spec in outputs],
        "integers": dict(integers),
        "written": list(written),
    }
    return {ENTRY: json.dumps(content, sort_keys=True, separators=(",", ":"))}


def _entry(spec: TensorSpec) -> dict[str, Any]:
    return {"name": spec.name, "dtype": str(spec.dtype), "shape": list(spec.shape)}
