"""Every figure that a budget can ask for: its value in a parity, its limit, and what it lacks in dB.

In dB, all lacks are alike: of the noise that must go before the figure is met. Squared errors go with
the noise itself, colour differences and casts with its root.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mobilekit.target import Budget

LEAST_OF_A_GROUP = 3
"""Photos of a skin-tone group that its budget is judged on: of fewer, one odd photo would decide."""

NEIGHBOUR = 1.0
"""Steps of 8 bits that no pixel of a picture is off by, if each is the right byte or the next to it."""

_LEAST = 1e-9
_MOST_DB = 200.0
_CHANNELS = {1: ("grey",), 3: ("red", "green", "blue")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """One figure of one output against its limit. ``decibels`` above zero: it is outside."""

    output: str
    line: str
    decibels: float


def lacks(parity: Mapping[str, Any], budget: Budget) -> tuple[Lack, ...]:
    """Every figure that ``budget`` asks for, of every output of a parity (as JSON)."""
    return tuple(lack for output in parity["outputs"] for lack in _of_output(output, budget))


def worst_lack(parity: Mapping[str, Any], budget: Budget) -> float:
    """The dB that the figure lacks that is farthest from its limit; under zero if all are met."""
    return max((lack.decibels for lack in lacks(parity, budget)), default=-_MOST_DB)


def psnr_of(value: float | str | None) -> float:
    """A PSNR of a report as a number: identical is infinite."""
    return math.inf if value is None else float(value)


def _of_output(output: Mapping[str, Any], budget: Budget) -> Iterator[Lack]:
    name = output["name"]
    if output["mismatch"] is not None:
        if (most := budget.mismatch_max) is not None:
            line = f"output {name}: {output['mismatch']:.2%} of its elements differ, budget {most:.2%}"
            yield Lack(output=name, line=line, decibels=_root(output["mismatch"], most))
        return
    shown = output.get("picture") is not None
    steps = output["picture"].get("pixel_error_max") if shown else None
    most = budget.pixel_error_max
    if most is None and steps is not None and steps <= NEIGHBOUR:
        most = NEIGHBOUR  # whatever PSNR is asked: with little contrast, rounding to bytes alone costs more
    if steps is not None and most is not None:
        line = f"output {name}: a pixel is off by {steps:.2f} steps of 8 bits, budget {most:g}"
        yield Lack(output=name, line=line, decibels=_root(steps, most))
    else:
        yield from _of_noise(name, output, budget, shown=shown)
    if shown:
        yield from _of_picture(name, output["picture"], budget)


def _of_noise(name: str, output: Mapping[str, Any], budget: Budget, *, shown: bool) -> Iterator[Lack]:
    for words, least, more in (
        ("mean", budget.psnr_mean, budget.picture_psnr_mean),
        ("worst", budget.psnr_worst, budget.picture_psnr_worst),
    ):
        asked = max((dB for dB in (least, more if shown else None) if dB is not None), default=None)
        if asked is not None:
            got = psnr_of(output["psnr_db"][words])
            line = f"output {name}: PSNR {words} is {got:.1f} dB, budget {asked:g} dB"
            yield Lack(output=name, line=line, decibels=_bounded(asked - got))


def _of_picture(name: str, picture: Mapping[str, Any], budget: Budget) -> Iterator[Lack]:
    if (least := budget.ssim_mean) is not None:
        line = f"output {name}: SSIM is {picture['ssim_mean']:.4f}, budget {least:g}"
        missing = 10.0 * math.log10(max(1.0 - picture["ssim_mean"], _LEAST) / max(1.0 - least, _LEAST))
        yield Lack(output=name, line=line, decibels=_bounded(missing))
    for key, words, most in (
        ("delta_e_mean", "mean ΔE2000", budget.delta_e_mean),
        ("delta_e_p99", "99th percentile of ΔE2000", budget.delta_e_p99),
    ):
        if most is not None:
            line = f"output {name}: {words} is {picture[key]:.2f}, budget {most:g}"
            yield Lack(output=name, line=line, decibels=_root(picture[key], most))
    if (most := budget.bias_max) is not None:
        worst, channel = max(zip(map(abs, picture["bias"]), _CHANNELS[len(picture["bias"])], strict=True))
        line = f"output {name}: {channel} is off by {worst:.2%} of the range, budget {most:.2%}"
        yield Lack(output=name, line=line, decibels=_root(worst, most))
    for group, found in sorted(picture["groups"].items()):
        if found["photos"] >= LEAST_OF_A_GROUP:
            yield from _of_group(name, group, found, budget)


def _of_group(name: str, group: str, found: Mapping[str, Any], budget: Budget) -> Iterator[Lack]:
    if (least := budget.group_psnr_mean) is not None:
        got = psnr_of(found["psnr_mean"])
        line = f"output {name}: PSNR mean on {group} skin is {got:.1f} dB, budget {least:g} dB"
        yield Lack(output=name, line=line, decibels=_bounded(least - got))
    if (most := budget.group_delta_e_mean) is not None:
        line = f"output {name}: mean ΔE2000 on {group} skin is {found['delta_e_mean']:.2f}, budget {most:g}"
        yield Lack(output=name, line=line, decibels=_root(found["delta_e_mean"], most))


def _root(got: float, most: float) -> float:
    """What a figure lacks that grows with the root of the noise; a limit of 0 asks for no noise at all."""
    if got <= most:
        return _bounded(20.0 * math.log10(max(got, _LEAST) / max(most, _LEAST))) if most else 0.0
    return _bounded(20.0 * math.log10(max(got, _LEAST) / max(most, _LEAST)))


def _bounded(decibels: float) -> float:
    return max(-_MOST_DB, min(_MOST_DB, decibels))
