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


def test_pixels_have_their_largest_error():
    """Of a file that ends in pixels; a float picture has none."""
    measured = _measured(("fused", None, 59.1, 58.8))
    shown = {"delta_e_mean": 0.17, "delta_e_p99": 0.5, "pixel_error_max": 0.507}
    measured["parity"]["outputs"][0]["picture"] = shown
    assert quality_lines(measured)[0].endswith(
        "; ΔE2000 0.17 mean, 0.50 p99; pixels off by 0.51 of 255 at most"
    )
    shown["pixel_error_max"] = None
    assert quality_lines(measured)[0].endswith("0.50 p99")


def test_pictures_gates_and_islands_have_their_lines():
    """Colour differences beside the PSNR, every gate in order with what was refused, and the float parts."""
    measured = _measured(("fused", None, 39.6, 36.0))
    measured["parity"]["outputs"][0]["picture"] = {"delta_e_mean": 0.643, "delta_e_p99": 5.27}
    gates = [("fp32", True, 119.7), ("w8a8-static", False, 30.4), ("w8a8-mixed", True, None)]
    measured["gates"] = [
        {"gate": name, "passed": passed, "psnr_worst_db": worst, "samples": 2}
        for name, passed, worst in gates
    ]
    measured["islands"] = {
        "islands": 1,
        "operators": 9,
        "largest": 9,
        "quantize": 2,
        "dequantize": 1,
        "bytes_crossing": 2_500_000,
    }
    measured["int8_share"], measured["int16_share"] = 0.561, None
    assert quality_lines(measured) == [
        "  fused  PSNR 39.6 dB mean, 36.0 dB worst; ΔE2000 0.64 mean, 5.27 p99",
        "  gates: fp32 119.7 dB → w8a8-static 30.4 dB (refused) → w8a8-mixed exact",
        "  9 float operators in 1 island; borders: 2 Quantize, 1 Dequantize, 2.5 MB; multiply-adds: 56% in int8",
    ]


def test_a_rung_that_was_not_built_has_no_figure():
    """Nor is it called exact."""
    measured = _measured(("y", None, 39.6, 36.0))
    measured["gates"] = [{"gate": "w8a8-mixed", "passed": False, "psnr_worst_db": None, "samples": 0}]
    assert quality_lines(measured)[1] == "  gates: w8a8-mixed not built (refused)"


def test_a_file_of_integers_alone_has_no_islands():
    """Said in words, not as zeros."""
    measured = _measured(("y", None, 39.6, 36.0))
    measured["islands"] = dict.fromkeys(
        ("islands", "operators", "largest", "quantize", "dequantize", "bytes_crossing"), 0
    )
    assert quality_lines(measured)[-1] == "  no float operators"


def test_one_float_operator_is_one():
    """And a file without any says nothing about shares."""
    islands = {"islands": 1, "operators": 1, "quantize": 1, "dequantize": 1, "bytes_crossing": 0}
    measured = {**_measured(("y", None, 39.6, 36.0)), "islands": islands, "int8_share": 1.0}
    assert quality_lines(measured)[1].startswith("  1 float operator in 1 island; ")
    measured["islands"] = {**islands, "operators": 0}
    assert quality_lines(measured)[1] == "  no float operators"
