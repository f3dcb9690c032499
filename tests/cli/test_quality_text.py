"""What the summaries say about each output."""

from __future__ import annotations

import pytest

from mobilekit.cli.quality_text import quality_lines


def _measured(*outputs):
    return {
        "parity": {
            "outputs": [
                {"name": name, "mismatch": mismatch, "psnr_db": {"mean": mean, "worst": worst}}
                for name, mismatch, mean, worst in outputs
            ]
        }
    }


@pytest.mark.parametrize(
    ("mismatch", "mean", "worst", "text"),
    [
        (None, 41.26, 38.94, "PSNR 41.3 dB mean, 38.9 dB worst"),
        (None, None, None, "identical to ONNX Runtime"),
        (None, "-inf", "-inf", "PSNR -inf dB mean, -inf dB worst"),
        (0.0125, None, None, "1.25% of its elements differ (worst sample)"),
        (0.0, None, None, "0.00% of its elements differ (worst sample)"),
    ],
)
def test_a_figure_for_every_kind_of_output(mismatch, mean, worst, text):
    """Floats have decibels, integers a share; identical floats have no finite figure."""
    assert quality_lines(_measured(("y", mismatch, mean, worst))) == [f"  y  {text}"]


def test_a_line_per_output():
    """Names are padded to one width; no output is left out."""
    lines = quality_lines(_measured(("mask", 0.5, None, None), ("y", None, 30.0, 20.0)))
    assert [line[:8] for line in lines] == ["  mask  ", "  y     "]
