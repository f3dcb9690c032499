"""What accelerators did with a tier's file, against the target's budgets for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mobilekit.errors import BudgetError
from mobilekit.pipeline.figures import psnr_of

if TYPE_CHECKING:
    from mobilekit.target import AcceleratorBudget, Target
    from mobilekit.tier import Tier

FLOATS = ("fp32", "fp16")
"""Precisions whose files compute the CPU's arithmetic."""
_ENOUGH_DB = 60.0
"""Above this, being farther from the float model than the CPU is nothing that anybody sees."""
_SHOWN = 5


def judge(target: Target, tier: Tier, measured: Mapping[str, Any], entry: Mapping[str, Any]) -> list[str]:
    """Warnings about what an accelerator did with the file that ``measured`` is about.

    ``entry`` is its part of report.json. Raises BudgetError for what is outside the budget.
    """
    accelerator = entry["accelerator"]
    budget = target.accelerator_budget_of(tier, accelerator)
    faults = [
        *_faults(measured["precision"], entry, budget),
        *_compiled_faults(measured, accelerator, budget),
    ]
    if faults:
        lines = "".join(f"\n  {line}" for line in faults)
        device = entry.get("adapter")
        on = f"{accelerator} ({device})" if device else accelerator
        message = f"tier {tier.name} of target {target.name} is outside its budget on {on}{lines}"
        raise BudgetError(message, hint=_hint(tier, entry, whole=bool(budget.whole)))
    said = [*_warnings(entry), *_below_the_tiers(target, tier, measured, entry)]
    return [f"tier {tier.name}, {line}" for line in said]


def refused_words(entry: Mapping[str, Any]) -> str:
    """The operators that stay behind and why, the first few."""
    refused = entry["refused"]
    shown = [f"{each['kind']} {each['operator']!r} ({each['reason']})" for each in refused[:_SHOWN]]
    more = f" and {len(refused) - _SHOWN} more" if len(refused) > _SHOWN else ""
    return ", ".join(shown) + more


def _faults(precision: str, entry: Mapping[str, Any], budget: AcceleratorBudget) -> Iterator[str]:
    if not entry["verified"]:
        if budget.whole and entry.get("refused"):
            yield str(entry["reason"])
        return
    if budget.whole and not entry["whole"]:
        yield f"{_taken(entry)}; all of them expected"
    for output in entry["outputs"]:
        yield from _wrong(precision, output, budget)


def _wrong(precision: str, output: Mapping[str, Any], budget: AcceleratorBudget) -> Iterator[str]:
    """What is wrong with one output, a line per figure."""
    name = output["name"]
    if output["nan"]:
        yield f"output {name}: NaN or infinite in {output['nan']:.2%} of its elements, finite on the CPU"
        return
    if output["all_zero"]:
        yield f"output {name}: all zero, not so on the CPU"
        return
    if output["mismatch_vs_cpu"] is not None:
        share, most = output["mismatch_vs_cpu"], budget.mismatch_max
        if most is not None and share > most:
            yield f"output {name}: {share:.2%} of it differs from the CPU's, {most:.2%} at most expected"
        return
    if precision in FLOATS:
        found, least = psnr_of(output["psnr_vs_cpu"]["worst"]), budget.psnr_cpu_min
        if least is not None and found < least and not output["last_bits"]:
            yield f"output {name}: {found:.1f} dB against the CPU, {least:g} expected"
        return
    yield from _farther(output, budget)


def _farther(output: Mapping[str, Any], budget: AcceleratorBudget) -> Iterator[str]:
    """Of a file with integers: by how much more than the CPU's result it is off the float model."""
    found = psnr_of(output["psnr_vs_float"]["worst"])
    cpu = psnr_of(output["cpu_psnr_vs_float"]["worst"])
    loss, most = min(cpu, _ENOUGH_DB) - found, budget.psnr_float_loss_max
    if most is not None and loss > most:
        yield (
            f"output {output['name']}: {found:.1f} dB against the float model, {cpu:.1f} on the CPU, "
            f"{most:g} dB less at most expected"
        )


def _compiled_faults(
    measured: Mapping[str, Any], accelerator: str, budget: AcceleratorBudget
) -> Iterator[str]:
    """Files compiled for single chips must be whole where the NPU's budget says so."""
    for each in measured.get("npu_variants", ()) if accelerator == "npu" and budget.whole else ():
        if not each["whole"]:
            left = ", ".join(f"{name} {count}" for name, count in each["remaining"].items())
            yield f"{each['soc']} takes {each['offloaded']} of {each['operators']} operators, not {left}"


def _taken(entry: Mapping[str, Any]) -> str:
    blamed = f", it refuses {refused_words(entry)}" if entry["refused"] else ""
    return f"it runs {entry['accepted']} of {entry['operators']} operators{blamed}"


def _warnings(entry: Mapping[str, Any]) -> Iterator[str]:
    name = entry["accelerator"]
    if entry["verified"] and not entry["whole"]:
        yield f"{name} ({entry['adapter']}): {_taken(entry)}; the rest is for the next accelerator"
    if not entry["verified"] and entry.get("refused"):
        yield f"{name}: {entry['reason'].rstrip('.')}; the file is for the next accelerator of its tier"


def _below_the_tiers(
    target: Target, tier: Tier, measured: Mapping[str, Any], entry: Mapping[str, Any]
) -> Iterator[str]:
    """A float file that is good enough for its tier on the CPU, and not here: an NPU has float16 alone."""
    precision, accelerator = measured["precision"], entry["accelerator"]
    least = target.budget_of(tier, precision).psnr_worst
    if precision not in FLOATS or least is None or not entry["verified"]:
        return
    for output in entry["outputs"]:
        if output["mismatch_vs_cpu"] is not None or output["last_bits"]:
            continue
        found, cpu = (psnr_of(output[key]["worst"]) for key in ("psnr_vs_float", "cpu_psnr_vs_float"))
        if found < least <= cpu:
            yield (
                f"{accelerator} ({entry['adapter']}): output {output['name']}: {found:.1f} dB against the "
                f"float model, {cpu:.1f} on the CPU; {precision} of this tier is asked for {least:g}, and "
                f"psnr_cpu_min in [accelerators.{accelerator}] makes it an error"
            )


def _hint(tier: Tier, entry: Mapping[str, Any], *, whole: bool) -> str:
    accelerator = entry["accelerator"]
    lower = f"lower [accelerators.{accelerator}] in a copy of the target file"
    if whole and not (entry["verified"] and entry["whole"]):
        lower += f" (accelerator_budgets = {{ {accelerator} = {{ whole = false }} }} allows parts)"
    without = f'leave "{accelerator}" out of the accelerators of tier {tier.name}'
    return f"{without}, or {lower}; --verify cpu builds without this check, and the report says so"
