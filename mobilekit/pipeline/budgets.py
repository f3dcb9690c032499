"""A tier's budget against what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mobilekit.errors import BudgetError
from mobilekit.pipeline.figures import lacks
from mobilekit.tier import PLANNED

if TYPE_CHECKING:
    from mobilekit.pipeline.variant import Variant
    from mobilekit.target import Budget, Target
    from mobilekit.tier import Precision, Tier


_FINER: tuple[Precision, ...] = ("fp16", "fp32")
"""Precisions that may help where another was outside its budget, the smaller file first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRung:
    """A rung that was outside the budget: its scheme (as in the manifest), why, and its parity as JSON.

    A rung that was not built has no parity.
    """

    precision: Precision
    scheme: str
    reasons: tuple[str, ...]
    parity: Mapping[str, Any] | None


def failures(variant: Variant, budget: Budget) -> tuple[str, ...]:
    """What is outside the budget, a line per output and figure; empty if all is within.

    Integer and boolean outputs are judged by the share of elements that differ.
    """
    if variant.is_int8_in_name_only:
        return ("no operator of this model gains from integers: the plan leaves all in float",)
    return outside(variant.measured["parity"], budget)


def outside(parity: Mapping[str, Any], budget: Budget) -> tuple[str, ...]:
    """What of a parity (as JSON) is outside ``budget``: a line per output and figure."""
    return tuple(lack.line for lack in lacks(parity, budget) if lack.decibels > 0.0)


def budget_error(target: Target, tier: Tier, refused: Sequence[RefusedRung]) -> BudgetError:
    """The error about a tier whose every rung failed, with what to do."""
    lines = [f"  {rung.scheme}: {line}" for rung in refused for line in rung.reasons]
    message = f"tier {tier.name} of target {target.name} is outside its budget\n" + "\n".join(lines)
    return BudgetError(message, hint=_remedies(tier, [rung.precision for rung in refused]))


def _remedies(tier: Tier, tried: Sequence[Precision]) -> str:
    """What may help, without what was tried: precisions are tried again only above the last one."""
    photos = "calibrate with photos like those the app will see; or, " if {*PLANNED} & {*tried} else ""
    finer = [p for p in _FINER if p not in tried and "fp32" not in tried]
    rungs = ", ".join(f'"{precision}"' for precision in (*tier.next_rungs, *finer[:1]))
    border = 'io = "float32" and ' if tier.io == "int8" else ""
    allow = f"allow the tier another precision ({border}next_rungs = [{rungs}]) or " if finer else ""
    return f"{photos}in a copy of the target file, {allow}lower the budget"
