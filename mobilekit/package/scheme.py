"""What a file's arithmetic is called in manifests and reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mobilekit.plan.macs import int8_share, scheme

if TYPE_CHECKING:
    from mobilekit.quantisation import QuantisationPlan
    from mobilekit.source.graph import Graph
    from mobilekit.tier import Precision

_NAMES: dict[str, str] = {"fp32": "fp32", "fp16": "fp16", "int8-dynamic": "w8-dynamic"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """``name`` as in the manifest; ``int8_share`` of the multiply-accumulates, for static int8 only."""

    name: str
    int8_share: float | None = None


def scheme_of(precision: Precision, graph: Graph | None, plan: QuantisationPlan | None) -> Scheme:
    """The scheme of a file of ``precision``; static int8 is named by the legalised graph and its plan."""
    if plan is None or graph is None:
        return Scheme(name=_NAMES[precision])
    return Scheme(name=scheme(graph, plan), int8_share=round(int8_share(graph, plan), 4))
