"""What a file's arithmetic is called in manifests and reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mobilekit.plan.macs import scheme, share_of

if TYPE_CHECKING:
    from mobilekit.quantisation import QuantisationPlan
    from mobilekit.source.graph import Graph
    from mobilekit.tier import Compression, Precision

_NAMES: dict[str, str] = {"fp32": "fp32", "fp16": "fp16", "int8-dynamic": "w8-dynamic"}
_WEIGHTS: dict[str, str] = {
    "none": "",
    "int8": "-int8",
    "palette6": "-palette6",
    "palette4": "-palette4",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """``name`` as in the manifest; shares of the multiply-accumulates, for files made by a plan only.

    ``int8_share`` counts those whose activations are int8, ``int16_share`` those whose are int16, if any.
    """

    name: str
    int8_share: float | None = None
    int16_share: float | None = None


def scheme_of(
    precision: Precision,
    graph: Graph | None,
    plan: QuantisationPlan | None,
    *,
    compression: Compression = "none",
) -> Scheme:
    """The scheme of a file of ``precision``; what has a plan is named by the legalised graph and it."""
    if plan is None or graph is None:
        return Scheme(name=_NAMES[precision] + _WEIGHTS[compression])
    return Scheme(
        name=scheme(graph, plan),
        int8_share=round(share_of(graph, plan, "int8"), 4),
        int16_share=round(share_of(graph, plan, "int16"), 4) or None,
    )
