"""Every figure of a budget against a parity: its line, and what it lacks in dB."""

from __future__ import annotations

from typing import Any

import pytest

from mobilekit.pipeline.figures import lacks, worst_lack
from mobilekit.target import Budget

PICTURE = {
    "ssim_mean": 0.9,
    "delta_e_mean": 2.0,
    "delta_e_p99": 10.0,
    "bias": [0.001, -0.02, 0.005],
    "groups": {"dark": {"photos": 3, "psnr_mean": 30.0, "delta_e_mean": 3.0}},
}


def parity(*, picture: dict[str, Any] | None = None, mismatch: float | None = None) -> dict[str, Any]:
    """One output with 36 dB in the mean and 30 at worst."""
    psnr = {"mean": 36.0, "worst": 30.0}
    return {"outputs": [{"name": "y", "mismatch": mismatch, "psnr_db": psnr, "picture": picture}]}


@pytest.mark.parametrize(
    ("figure", "limit", "decibels", "words"),
    [
        ("psnr_mean", 38.0, 2.0, "PSNR mean is 36.0 dB, budget 38 dB"),
        ("psnr_worst", 29.0, -1.0, "PSNR worst is 30.0 dB, budget 29 dB"),
        ("picture_psnr_mean", 40.0, 4.0, "PSNR mean is 36.0 dB, budget 40 dB"),
        ("ssim_mean", 0.99, 10.0, "SSIM is 0.9000, budget 0.99"),
        ("delta_e_mean", 1.0, 6.02, "mean ΔE2000 is 2.00, budget 1"),
        ("delta_e_p99", 20.0, -6.02, "99th percentile of ΔE2000 is 10.00, budget 20"),
        ("bias_max", 0.01, 6.02, "green is off by 2.00% of the range, budget 1.00%"),
        ("group_psnr_mean", 33.0, 3.0, "PSNR mean on dark skin is 30.0 dB, budget 33 dB"),
        ("group_delta_e_mean", 1.5, 6.02, "mean ΔE2000 on dark skin is 3.00, budget 1.5"),
    ],
)
def test_each_figure(figure: str, limit: float, decibels: float, words: str) -> None:
    """Squared errors lack what they are off by, colour differences and casts twice that."""
    found = lacks(parity(picture=PICTURE), Budget(**{figure: limit}))
    assert len(found) == 1
    assert found[0].line == f"output y: {words}"
    assert found[0].decibels == pytest.approx(decibels, abs=0.01)


def test_figures_of_pictures_are_not_asked_of_others() -> None:
    """An output that is no picture has its PSNR judged by the general floor alone."""
    strict = Budget(psnr_mean=30.0, picture_psnr_mean=60.0, ssim_mean=1.0, delta_e_mean=0.0, bias_max=0.0)
    assert worst_lack(parity(), strict) == -6.0
    assert worst_lack(parity(picture=PICTURE), strict) > 0.0


def test_pictures_of_8_bits_are_judged_by_their_steps() -> None:
    """Rounding costs PSNR where contrast is low, and is no fault; what is more than rounding is one."""
    budget = Budget(psnr_mean=90.0, psnr_worst=80.0, pixel_error_max=0.6)
    assert worst_lack(parity(picture={**PICTURE, "pixel_error_max": 0.5}), budget) < 0.0
    off = lacks(parity(picture={**PICTURE, "pixel_error_max": 1.2}), budget)
    assert [lack.line for lack in off] == ["output y: a pixel is off by 1.20 steps of 8 bits, budget 0.6"]
    assert off[0].decibels == pytest.approx(6.02, abs=0.01)
    for as_float in (PICTURE, {**PICTURE, "pixel_error_max": None}, None):
        assert worst_lack(parity(picture=as_float), budget) == 54.0


@pytest.mark.parametrize(("steps", "lacking"), [(0.5, -6.02), (1.0, 0.0), (1.2, 54.0), (None, 54.0)])
def test_right_bytes_or_their_neighbours_need_no_contrast(steps: float | None, lacking: float) -> None:
    """36 dB may be a grey picture that is off by nothing but rounding; beyond a step the PSNR counts."""
    found = parity(picture={**PICTURE, "pixel_error_max": steps})
    assert worst_lack(found, Budget(psnr_mean=90.0)) == pytest.approx(lacking, abs=0.01)


def test_a_group_of_a_photo_or_two_is_not_judged() -> None:
    """Its figures are reported, but one odd photo does not refuse a file."""
    few = {**PICTURE, "groups": {"dark": {"photos": 2, "psnr_mean": 30.0, "delta_e_mean": 3.0}}}
    strict = Budget(group_psnr_mean=60.0, group_delta_e_mean=0.1)
    assert lacks(parity(picture=few), strict) == ()
    assert len(lacks(parity(picture=PICTURE), strict)) == 2


def test_integers_are_judged_by_what_differs() -> None:
    """No other figure is asked of an output that is not float."""
    assert worst_lack(parity(mismatch=0.2), Budget(mismatch_max=0.1)) == pytest.approx(6.02, abs=0.01)
    assert worst_lack(parity(mismatch=0.2), Budget(psnr_mean=99.0)) < 0.0
    assert worst_lack(parity(mismatch=0.0), Budget(mismatch_max=0.0)) <= 0.0
