"""One model's report against what must hold of it on accelerators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LEAST_GPU_DB = 70.0
MOST_NPU_LOSS_DB = 1.5
MOST_MISMATCH = 0.001
_ENOUGH_DB = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One cell of the table; ``fault`` is empty where all is as it must be."""

    shown: str
    fault: str = ""


def on_gpu(tier: Mapping[str, Any]) -> Verdict:
    """The float file: wholly accelerated, and what the CPU computes."""
    entry = _entry(tier, "gpu")
    if not entry["verified"]:
        return Verdict(shown="not run", fault=f"GPU: {entry['reason']}")
    faults = [*_behind("GPU", entry), *_broken("GPU", entry)]
    floats = [output for output in entry["outputs"] if output["mismatch_vs_cpu"] is None]
    worst = min((_decibels(output["psnr_vs_cpu"]["worst"]) for output in floats), default=float("inf"))
    if worst < LEAST_GPU_DB and not all(output["last_bits"] for output in floats):
        faults.append(f"GPU: {worst:.1f} dB against the CPU, {LEAST_GPU_DB:g} expected")
    share = max((o["mismatch_vs_cpu"] or 0.0 for o in entry["outputs"]), default=0.0)
    if share > MOST_MISMATCH:
        faults.append(f"GPU: {share:.3%} of the elements differ from the CPU's")
    return Verdict(shown=f"{_taken(entry)}, {worst:.1f} dB", fault="; ".join(faults))


def on_npu(tier: Mapping[str, Any]) -> Verdict:
    """The integer file's twin: wholly on the NPU, and as near to the float model as on the CPU."""
    entry = _entry(tier, "npu")
    if not entry["verified"]:
        return Verdict(shown="not run", fault=f"NPU: {entry['reason']}")
    faults = [*_behind("NPU", entry), *_broken("NPU", entry)]
    figures = []
    for output in entry["outputs"]:
        npu, cpu = (_decibels(output[key]["worst"]) for key in ("psnr_vs_float", "cpu_psnr_vs_float"))
        figures.append(f"{npu:.2f} ({cpu:.2f})")
        if output["mismatch_vs_cpu"] is None and min(cpu, _ENOUGH_DB) - npu > MOST_NPU_LOSS_DB:
            faults.append(
                f"NPU: {output['name']} is {npu:.2f} dB against the float model, {cpu:.2f} on the CPU, "
                f"{MOST_NPU_LOSS_DB:g} less at most expected"
            )
    return Verdict(shown=f"{_taken(entry)}, {', '.join(figures)} dB", fault="; ".join(faults))


def compiled(tier: Mapping[str, Any]) -> Verdict:
    """The integer file compiled for a chip: in one partition."""
    found = tier.get("npu_variants", ())
    if not found:
        return Verdict(shown="not compiled", fault="compiled: nothing was")
    shown, faults = [], []
    for each in found:
        shown.append(f"{each['soc']} {each['offloaded']}/{each['operators']} in {each['partitions']}")
        if not each["whole"] or each["partitions"] != 1:
            left = ", ".join(f"{name} {count}" for name, count in each["remaining"].items())
            faults.append(
                f"{each['soc']}: {each['partitions']} partitions, left to the CPU: {left or 'nothing'}"
            )
    return Verdict(shown=", ".join(shown), fault="; ".join(faults))


def _entry(tier: Mapping[str, Any], accelerator: str) -> Mapping[str, Any]:
    return next(each for each in tier["accelerators"] if each["accelerator"] == accelerator)


def _taken(entry: Mapping[str, Any]) -> str:
    return f"{entry['accepted']}/{entry['operators']}"


def _behind(name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    if not entry["whole"]:
        refused = [f"{each['kind']} {each['operator']} ({each['reason']})" for each in entry["refused"]]
        yield f"{name} refuses {'; '.join(refused) or 'operators, without saying which'}"


def _broken(name: str, entry: Mapping[str, Any]) -> Iterator[str]:
    for output in entry["outputs"]:
        if output["nan"]:
            yield f"{name}: {output['name']} is NaN or infinite in {output['nan']:.2%}"
        if output["all_zero"]:
            yield f"{name}: {output['name']} is all zero"


def _decibels(value: float | str | None) -> float:
    return float("inf") if value is None else float(value)
