"""Which rules a target's profile has, in stages: patterns of several nodes first, then single nodes."""

from __future__ import annotations

from mobilekit.legalise.rule import Rule
from mobilekit.legalise.rules import (
    activation,
    affine_grid,
    bitwise,
    broadcast,
    casting,
    clip,
    conv,
    conv_3d,
    conv_modulated,
    conv_runtime,
    conv_transpose,
    conv_transpose_3d,
    conv_transpose_groups,
    division,
    dynamic,
    einsum,
    gather,
    gemm,
    grid_sample,
    indexing,
    integers,
    mathematics,
    matmul,
    normalisation,
    pad,
    pool,
    powers,
    reduce,
    reshape,
    resize,
    scatter,
    shuffle,
    slice,  # noqa: A004
    split,
)

Stage = tuple[Rule, ...]

_PATTERNS: Stage = dynamic.RULES

_TFLITE_CPU: Stage = (
    *conv.OPERANDS,
    *conv_modulated.RULES,
    *conv_3d.RULES,
    *conv_runtime.RULES,
    *conv.RULES,
    *conv_transpose.OPERANDS,
    *conv_transpose_3d.RULES,
    *conv_transpose_groups.RULES,
    *conv_transpose.RULES,
    *pool.RULES,
    *pad.RULES,
    *resize.RULES,
    *gemm.RULES,
    *matmul.RULES,
    *einsum.RULES,
    *affine_grid.RULES,
    *grid_sample.RULES,
    *scatter.RULES,
    *gather.RULES,
    *indexing.RULES,
    *shuffle.RULES,
    *normalisation.RULES,
    *reshape.RULES,
    *slice.RULES,
    *split.RULES,
    *clip.RULES,
    *integers.RULES,
    *division.RULES,
    *bitwise.RULES,
    *casting.RULES,
    *powers.RULES,
    *activation.RULES,
    *mathematics.RULES,
    *reduce.RULES,
    *broadcast.RULES,
)

PROFILES: dict[str, tuple[Stage, ...]] = {
    "tflite-cpu": (_PATTERNS, _TFLITE_CPU),
}
