"""The ladder of a tier: precisions in order, and between int8 and the next one int8 with some float.

::

    int8 ─ w8a8-static ─ w8a8-mixed ─┐        the tier's own precision, then its next_rungs:
                                     ├─ w8a16 ─ int8-dynamic ─ fp16 …   the first within its budget

The mixed rung costs a search, so it is only tried where plain int8 was refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mobilekit.pipeline.budgets import RefusedRung, budget_error, failures
from mobilekit.pipeline.searching import searched_plan
from mobilekit.pipeline.stages import precision_of_plan, prepare
from mobilekit.pipeline.variant import Variant, build_variant

if TYPE_CHECKING:
    from mobilekit.pipeline.opened import Opened
    from mobilekit.target import Budget, Checks, Target
    from mobilekit.tier import Io, Precision, Tier

MIXED = "w8a8-mixed"


def first_within(
    opened: Opened, target: Target, tier: Tier, plan: Path | None
) -> tuple[Variant, tuple[RefusedRung, ...]]:
    """The first rung within its budget, and the ones before that were not. Raises BudgetError."""
    refused: list[RefusedRung] = []
    for precision in (tier.precision, *tier.next_rungs):
        budget = target.budget_of(tier, precision)
        for rung in _rungs(opened, target, tier, precision, plan):
            if isinstance(rung, RefusedRung):
                refused.append(rung)
                continue
            found = failures(rung, budget)
            if not found:
                return rung, tuple(refused)
            refused.append(_refused(rung, found))
    raise budget_error(target, tier, refused)


def _rungs(
    opened: Opened, target: Target, tier: Tier, precision: Precision, plan: Path | None
) -> Iterator[Variant | RefusedRung]:
    """The variants of one precision, each made when the one before was refused."""
    given = plan if plan is not None and precision == precision_of_plan(plan) else None
    variant = build_variant(opened, precision=precision, checks=target.checks, io=tier.io, given_plan=given)
    yield variant
    if given is None:
        budget = target.budget_of(tier, precision)
        # Elsewhere int16 convolutions run in reference kernels, or not at all.
        int16 = tier.accelerators == ("npu",)
        mixed = mixed_rung(opened, variant, budget, checks=target.checks, io=tier.io, int16=int16)
        if mixed is not None:
            yield mixed


def mixed_rung(
    opened: Opened,
    variant: Variant,
    budget: Budget,
    *,
    checks: Checks,
    io: Io,
    int16: bool = False,
) -> Variant | RefusedRung | None:
    """What follows a static int8 ``variant`` that is outside its budget: some of its operators in float, or
    with ``int16`` in that.

    None where there is nothing to search: another precision, no photos, or no float allowed.
    """
    if variant.precision != "int8" or not may_search(budget) or variant.is_int8_in_name_only:
        return None
    searched = searched_plan(opened, prepare(opened), budget, int16=int16)
    if searched is None:
        return None
    if not searched.account["kept_float"]:
        return RefusedRung(precision="int8", scheme=MIXED, reasons=(_fruitless(budget),), parity=None)
    return build_variant(opened, precision="int8", checks=checks, io=io, searched=searched)


def may_search(budget: Budget) -> bool:
    """Whether ``budget`` leaves room for float operators."""
    return budget.float_share_max is None or budget.float_share_max > 0.0


def _refused(variant: Variant, reasons: tuple[str, ...]) -> RefusedRung:
    return RefusedRung(
        precision=variant.precision,
        scheme=variant.scheme.name,
        reasons=reasons,
        parity=variant.measured["parity"],
    )


def _fruitless(budget: Budget) -> str:
    most = f" of at most {budget.float_share_max:.0%} of the work" if budget.float_share_max else ""
    return f"no set of float operators{most} brings it nearer to the budget"
