"""How well a file agrees with ONNX Runtime, as lines for the closing summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def quality_lines(measured: Mapping[str, Any]) -> list[str]:
    """A line per output: PSNR in dB of floats, share of unequal elements of integers and booleans.

    ``measured`` has ``parity`` as in report.json; with ``gates`` and ``islands``, a line for each follows.
    """
    outputs = measured["parity"]["outputs"]
    width = max(len(output["name"]) for output in outputs)
    lines = [f"  {output['name']:<{width}}  {_quality(output)}" for output in outputs]
    return [
        *lines,
        *_judge(measured),
        *_gates(measured),
        *_islands(measured),
        *_compiled(measured),
        *verified_lines(measured),
    ]


def islands_line(islands: Mapping[str, int]) -> str:
    """Float islands in words."""
    if not islands["operators"]:
        return "no float operators"
    several = "s" if islands["islands"] != 1 else ""
    floats = "float operators" if islands["operators"] != 1 else "float operator"
    return (
        f"{islands['operators']} {floats} in {islands['islands']} island{several}; borders: "
        f"{islands['quantize']} Quantize, {islands['dequantize']} Dequantize, "
        f"{islands['bytes_crossing'] / 1e6:.1f} MB"
    )


def _judge(measured: Mapping[str, Any]) -> Iterator[str]:
    """What ran a file that the device's own runtime cannot run here: nobody is to take it for that."""
    ran = str(measured["parity"].get("candidate", ""))
    if "Core ML" in ran:
        yield f"  judged by: {ran}"


def _gates(measured: Mapping[str, Any]) -> Iterator[str]:
    gates = measured.get("gates")
    if gates:
        yield "  gates: " + " → ".join(_gate(gate) for gate in gates)


def _gate(gate: Mapping[str, Any]) -> str:
    worst = gate["psnr_worst_db"]
    figure = "exact" if worst is None else _decibels(worst)
    if not gate["samples"]:
        figure = "not built"
    return f"{gate['gate']} {figure}{'' if gate['passed'] else ' (refused)'}"


def _islands(measured: Mapping[str, Any]) -> Iterator[str]:
    held = measured.get("float32_islands")
    if held:
        several = "s" if len(held) != 1 else ""
        yield f"  {len(held)} operator{several} in float32, where float16 does not do"
    if measured.get("islands") is not None:
        yield f"  {islands_line(measured['islands'])}{_shares(measured)}"


def _shares(measured: Mapping[str, Any]) -> str:
    """How much of the work is done in integers, where some of it is not."""
    shares = [(kind, measured.get(f"{kind}_share")) for kind in ("int8", "int16")]
    words = " and ".join(f"{share:.0%} in {kind}" for kind, share in shares if share)
    return f"; multiply-adds: {words}" if words and measured["islands"]["operators"] else ""


def _compiled(measured: Mapping[str, Any]) -> Iterator[str]:
    for each in measured.get("npu_variants", ()):
        several = "s" if each["partitions"] != 1 else ""
        yield (
            f"  compiled for {each['soc']}: {each['offloaded']} of {each['operators']} operators "
            f"in {each['partitions']} partition{several}"
        )


def verified_lines(measured: Mapping[str, Any]) -> Iterator[str]:
    """A line per accelerator of the tier: what ran there and how well, or why nothing did."""
    for each in measured.get("accelerators", ()):
        if not each["verified"]:
            yield f"  not verified here: {each['accelerator']}: {each['reason']}"
            continue
        device = f"{each['adapter']}, software" if each["emulated"] else each["adapter"]
        twin = f", as its {each['twin']} twin" if each["twin"] else ""
        yield f"  verified on {each['accelerator']} ({device}{twin}): {_taken(each)}; {_figures(each)}"


def _taken(entry: Mapping[str, Any]) -> str:
    if entry["whole"]:
        return f"all {entry['operators']} operators"
    names = dict.fromkeys(refused["kind"] for refused in entry["refused"])
    blamed = f" (it refuses {', '.join(names)})" if names else ""
    return f"{entry['accepted']} of {entry['operators']} operators{blamed}"


def _figures(entry: Mapping[str, Any]) -> str:
    """The worst output's, of one or two samples."""
    several = "s" if len(entry["samples"]) != 1 else ""
    samples = f"{len(entry['samples'])} sample{several}"
    floats = [output for output in entry["outputs"] if output["mismatch_vs_cpu"] is None]
    if not floats:
        share = max(output["mismatch_vs_cpu"] for output in entry["outputs"])
        return f"{share:.2%} of the elements differ from the CPU's, {samples}"
    cpu, model, of_cpu = (
        _worst(output[key]["worst"] for output in floats)
        for key in ("psnr_vs_cpu", "psnr_vs_float", "cpu_psnr_vs_float")
    )
    return f"{cpu} against the CPU, {model} against float (the CPU: {of_cpu}), {samples}"


def _worst(values: Iterable[float | str | None]) -> str:
    found = [float(value) for value in values if value is not None]
    return _decibels(min(found)) if found else "identical"


def _quality(output: Mapping[str, Any]) -> str:
    if output["mismatch"] is not None:
        return f"{output['mismatch']:.2%} of its elements differ (worst sample)"
    mean, worst = output["psnr_db"]["mean"], output["psnr_db"]["worst"]
    if mean is None:
        return "identical to ONNX Runtime"
    shown = output.get("picture")
    colour = f"; ΔE2000 {shown['delta_e_mean']:.2f} mean, {shown['delta_e_p99']:.2f} p99" if shown else ""
    steps = shown.get("pixel_error_max") if shown else None
    pixels = f"; pixels off by {steps:.2f} of 255 at most" if steps is not None else ""
    return f"PSNR {_decibels(mean)} mean, {_decibels(worst)} worst{colour}{pixels}"


def _decibels(value: float | str) -> str:
    """A figure of a report; NaN in the file is the text ``-inf`` there."""
    return f"{float(value):.1f} dB"
