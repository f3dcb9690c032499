"""Which rules a target's profile has, in stages: patterns of several nodes first, then single nodes."""

from __future__ import annotations

from mobilekit.legalise.rule import Rule
from mobilekit.legalise.rules import (
    activation,
    broadcast,
    clip,
    conv,
    conv_transpose,
    dynamic,
    einsum,
    gemm,
    indexing,
    mathematics,
    matmul,
    normalisation,
    pad,
    pool,
    reduce,
    reshape,
    resize,
    shuffle,
    slice,  # noqa: A004
    split,
)

Stage = tuple[Rule, ...]

_PATTERNS: Stage = dynamic.RULES

_TFLITE_CPU: Stage = (
    *conv.RULES,
    *conv_transpose.RULES,
    *pool.RULES,
    *pad.RULES,
    *resize.RULES,
    *gemm.RULES,
    *matmul.RULES,
    *einsum.RULES,
    *indexing.RULES,
    *shuffle.RULES,
    *normalisation.RULES,
    *reshape.RULES,
    *slice.RULES,
    *split.RULES,
    *clip.RULES,
    *activation.RULES,
    *mathematics.RULES,
    *reduce.RULES,
    *broadcast.RULES,
)

PROFILES: dict[str, tuple[Stage, ...]] = {
    "tflite-cpu": (_PATTERNS, _TFLITE_CPU),
}
