"""Rules of other targets for what Core ML does not say itself; what it says stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Rule
from mobilekit.legalise.rules import activation, grid_sample, mathematics, normalisation, reduce

if TYPE_CHECKING:
    from mobilekit.legalise.rule import Refusal, Replacement

Said = Callable[[Node, Builder], bool]
_IMAGE_RANK = 4
_BATCH_NORM_RANKS = (3, 4, 5)
_NATIVE_NORMS = ("ReduceL1", "ReduceL2", "ReduceSumSquare")


def unless(rule: Rule, said: Said) -> Rule:
    """``rule`` for the nodes that MIL does not say itself."""

    def apply(node: Node, b: Builder) -> Replacement | Refusal | None:
        return None if said(node, b) else rule.apply(node, b)

    return replace(rule, name=f"{rule.name}-mil", apply=apply)


def named(rules: tuple[Rule, ...], *names: str) -> tuple[Rule, ...]:
    """Some rules of a family. Raises KeyError for a name that none has."""
    known = {rule.name: rule for rule in rules}
    return tuple(known[name] for name in names)


def _is_batch_norm(node: Node, b: Builder) -> bool:
    """Constants alone, evaluation alone."""
    constants = all(b.is_constant(v) for v in node.inputs[1:])
    alone = not node["training_mode"] and not any(node.outputs[1:])
    return constants and alone and b.rank(node.inputs[0]) in _BATCH_NORM_RANKS


def _is_norm(node: Node, b: Builder) -> bool:
    return node.op in _NATIVE_NORMS and b.type(node.inputs[0]).is_float


def _is_atanh(node: Node, b: Builder) -> bool:  # noqa: ARG001
    return node.op == "Atanh"


def _is_resample(node: Node, b: Builder) -> bool:
    """MIL documents the places that it samples and what lies outside, but not how nearest rounds."""
    known = node["mode"] == "linear" and node["padding_mode"] in ("zeros", "border")
    return known and b.rank(node.inputs[0]) == _IMAGE_RANK


_ACTIVATIONS = named(
    activation.RULES, "relu-of-integers", "celu", "shrink", "prelu-of-integers", "uniform-slope"
)
_FUNCTIONS = named(mathematics.RULES, "is-nan", "is-inf", "fmod")
_REDUCTIONS = named(reduce.RULES, "reduce-nothing", "reduce-axes", "reduce-booleans", "arg")

RULES = (
    *(unless(rule, _is_resample) for rule in grid_sample.RULES),
    *_ACTIVATIONS,
    *_FUNCTIONS,
    *(unless(r, _is_atanh) for r in named(mathematics.RULES, "inverse-hyperbolic")),
    *_REDUCTIONS,
    *(unless(r, _is_norm) for r in named(reduce.RULES, "reduce-compound")),
    *named(normalisation.RULES, "lrn", "lp-normalization"),
    *(unless(r, _is_batch_norm) for r in named(normalisation.RULES, "batch-normalization")),
)
