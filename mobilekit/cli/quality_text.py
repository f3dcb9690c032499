"""How well a file agrees with ONNX Runtime, as lines for the closing summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def quality_lines(measured: Mapping[str, Any]) -> list[str]:
    """A line per output: PSNR in dB of floats, share of unequal elements of integers and booleans.

    ``measured`` has ``parity`` as in report.json.
    """
    outputs = measured["parity"]["outputs"]
    width = max(len(output["name"]) for output in outputs)
    return [f"  {output['name']:<{width}}  {_quality(output)}" for output in outputs]


def _quality(output: Mapping[str, Any]) -> str:
    if output["mismatch"] is not None:
        return f"{output['mismatch']:.2%} of its elements differ (worst sample)"
    mean, worst = output["psnr_db"]["mean"], output["psnr_db"]["worst"]
    if mean is None:
        return "identical to ONNX Runtime"
    return f"PSNR {_decibels(mean)} mean, {_decibels(worst)} worst"


def _decibels(value: float | str) -> str:
    """A figure of a report; NaN in the file is the text ``-inf`` there."""
    return f"{float(value):.1f} dB"
