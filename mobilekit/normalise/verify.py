"""Whether a normalised graph computes what the source computes, in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.metrics import Tolerance, in_last_bits, mismatch, psnr
from mobilekit.tensors import DType

if TYPE_CHECKING:
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Array, Feed

MINIMUM_PSNR = 90.0
"""Folding and merging round differently in the last bits of float32: 110 dB and more on real models."""
MINIMUM_PSNR_HALF = 40.0
"""Models that compute in half precision lose more by the same reordering."""
MAXIMUM_MISMATCH = 1e-3
"""Integer outputs may differ where an ArgMax or a threshold meets a tie that rounding breaks differently."""
HALF = 2.0**-11
"""What rounding to half precision may change, relative."""
_RELATIVE, _ABSOLUTE = 1e-5, 1e-6


def outputs_of(graph: Graph, samples: Sequence[Feed]) -> list[dict[str, Array]]:
    """What ONNX Runtime (or ONNX's own evaluator) computes for every sample."""
    from mobilekit.runtimes.reference import open_reference

    with open_reference(graph, as_written=True) as session:
        return [session.run(feed) for feed in samples]


def first_difference(
    wanted: Sequence[Mapping[str, Array]], got: Sequence[Mapping[str, Array]], *, tolerance: Tolerance
) -> str | None:
    """A line about the first output that differs by more than the tolerance, None if none does."""
    for expected, found in zip(wanted, got, strict=True):
        for name, value in expected.items():
            fault = _difference(value, found[name], tolerance)
            if fault:
                return f"output {name!r}: {fault}"
    return None


def _difference(wanted: Array, got: Array, tolerance: Tolerance) -> str | None:
    if wanted.shape != got.shape or wanted.dtype != got.dtype:
        return f"{got.dtype.name}{list(got.shape)}, expected {wanted.dtype.name}{list(wanted.shape)}"
    if wanted.dtype.kind != "f":
        share = mismatch(wanted, got)
        return f"{share:.2%} of the elements differ" if share > MAXIMUM_MISMATCH else None
    if np.allclose(wanted, got, rtol=_RELATIVE, atol=_ABSOLUTE, equal_nan=True):
        return None
    quality = psnr(wanted, got)
    if quality is None or quality >= tolerance.psnr or in_last_bits(wanted, got, rounding=tolerance.rounding):
        return None
    return f"{quality:.1f} dB, expected {tolerance.psnr:.0f} or more"


def tolerance_of(graph: Graph) -> Tolerance:
    """The agreement to ask for: less where the model itself computes in half precision."""
    if _has_halves(graph):
        return Tolerance(psnr=MINIMUM_PSNR_HALF, rounding=HALF)
    return Tolerance(psnr=MINIMUM_PSNR)


def _has_halves(graph: Graph) -> bool:
    """Whether a border tensor, a constant or the result of a Cast is a half: all are computed in float32."""
    import onnx

    halves = {onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16}
    inner = graph.proto().graph
    attributes = [a for node in inner.node for a in node.attribute]
    return (
        any(s.dtype == DType.FLOAT16 for s in (*graph.inputs, *graph.outputs))
        or any(t.data_type in halves for t in inner.initializer)
        or any(a.name == "to" and a.i in halves for a in attributes)
        or any(a.t.data_type in halves for a in attributes)
    )
