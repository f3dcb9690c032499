"""An inspection as text for people: the same facts as its JSON, grouped and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mobilekit.cli.lints_text import lint_lines
from mobilekit.cli.quality_text import islands_line

if TYPE_CHECKING:
    from mobilekit.pipeline import Inspection

_SHOWN = 3
"""Nodes named per recognised pattern or rule; the JSON has all."""


def lines(inspection: Inspection) -> Iterator[str]:
    """The lines to print."""
    opsets = ", ".join(f"{domain} {version}" for domain, version in inspection.opsets.items())
    yield f"{inspection.path}"
    yield f"  made by {inspection.producer}; opset {opsets}; {inspection.parameters:,} parameters"
    yield from _border(inspection)
    yield f"operators: {_counts(inspection.operators)}"
    if inspection.recognised:
        yield "recognised:"
        yield from _groups((entry["kind"], entry["node"]) for entry in inspection.recognised)
    if inspection.rewrites:
        yield f"rewritten for {inspection.target}:"
        yield from _groups((entry["rule"], entry["node"]) for entry in inspection.rewrites)
    if inspection.legal_operators is not None:
        yield f"converted one to one: {_counts(inspection.legal_operators)}"
    if inspection.refusals:
        yield f"refused ({len(inspection.refusals)}):"
        yield from (f"  {refusal}" for refusal in inspection.refusals)
    for tier in inspection.tiers:
        accelerators = ", ".join(tier.accelerators)
        shapes = "".join(f"; {name} {'×'.join(map(str, shape))}" for name, shape in tier.shapes.items())
        possible = "" if tier.possible else "; not possible as it is"
        yield f"tier {tier.tier}: {tier.precision} on {accelerators}{shapes}{possible}"
        if tier.islands is not None:
            yield f"  at least {islands_line(tier.islands.to_dict())}"
    yield from _delegates(inspection)
    yield from lint_lines(inspection.lints, [tier.tier for tier in inspection.tiers])
    if inspection.problem:
        yield f"not looked at further: {inspection.problem}"
    if inspection.hint:
        yield f"hint: {inspection.hint}"


def _border(inspection: Inspection) -> Iterator[str]:
    rows = [("input", tensor) for tensor in inspection.inputs]
    rows += [("output", tensor) for tensor in inspection.outputs]
    width = max((len(tensor.name) for _, tensor in rows), default=0)
    for direction, tensor in rows:
        shape = "×".join(map(str, tensor.shape)) or "scalar"
        yield f"  {direction:<6}  {tensor.name:<{width}}  {tensor.dtype} {shape}  {tensor.kind}"


def _delegates(inspection: Inspection) -> Iterator[str]:
    if not inspection.delegates:
        return
    yield "by the published operator lists of delegates, not run here:"
    for each in inspection.delegates:
        start = f"  {each.tier} ({each.precision}) on {each.accelerator}, {each.delegate}:"
        parts = f" in {each.parts} parts" if each.parts > 1 else ""
        if each.refused:
            yield f"{start} {each.accelerated} of {each.operators} operators{parts}; it refuses"
            pairs = ((f"{refused.operator}: {refused.reason}", refused.node) for refused in each.refused)
            yield from (f"  {line}" for line in _groups(pairs))
        elif each.only_refusals:
            yield f"{start} none of {each.operators} operators is on its list of refusals"
        else:
            yield f"{start} all {each.operators} operators"
    lists = dict.fromkeys((each.delegate, each.source, each.silent_on) for each in inspection.delegates)
    for delegate, source, silent_on in lists:
        silence = f"; it does not say: {silent_on}" if silent_on else ""
        yield f"  list of {delegate}: {source}{silence}"


def _counts(operators: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in operators.items()) or "none"


def _groups(pairs: Iterator[tuple[str, str]]) -> Iterator[str]:
    """A line per name: how often, and the first nodes."""
    nodes: dict[str, list[str]] = {}
    for name, node in pairs:
        nodes.setdefault(name, []).append(node)
    for name, found in nodes.items():
        first = list(Counter(found))[:_SHOWN]
        more = ", …" if len(found) > len(first) else ""
        yield f"  {len(found):>4} × {name}: {', '.join(first)}{more}"
