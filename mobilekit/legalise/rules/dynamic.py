"""Operators refused whatever their attributes: most have no form with fixed shapes."""

from __future__ import annotations

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Rule

_CONTROL_FLOW = ("If", "Loop", "Scan", "SequenceMap")
_DATA_DEPENDENT = ("Compress", "NonZero", "NonMaxSuppression", "Unique", "StringSplit")
_RANDOM = (
    "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial",
)  # fmt: skip
_SEQUENCES = (
    "SequenceAt", "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength",
    "SplitToSequence", "ConcatFromSequence", "Optional", "OptionalGetElement", "OptionalHasElement",
)  # fmt: skip
REASONS: dict[str, Refusal] = {
    **dict.fromkeys(_CONTROL_FLOW, Refusal(got="control flow", hint="export the model with fixed shapes")),
    **dict.fromkeys(
        _DATA_DEPENDENT,
        Refusal(got="the size of its result depends on values", hint="leave this step to the application"),
    ),
    **dict.fromkeys(_RANDOM, Refusal(got="random values", hint="make them an input of the model")),
    **dict.fromkeys(_SEQUENCES, Refusal(got="values that are not tensors", hint="use Split and Concat")),
}


def _refused(node: Node, b: Builder) -> Refusal:  # noqa: ARG001
    return REASONS[node.op]


RULES = (Rule(name="dynamic", ops=tuple(REASONS), apply=_refused),)
