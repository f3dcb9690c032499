"""Which rules a target's profile has, in stages: patterns of several nodes, single nodes, then forms.

A profile is what an accelerator runs best. Rules of the first two stages make a graph legal; those of
the later ones choose between exact forms: ``_FAST_FORMS`` what is no slower on the CPU and accepted
by more delegates, and an accelerator's own stage what only that accelerator is better off with.
Forms for what XNNPACK has no fast kernel for are the CPU's alone (``_CPU_ONLY``).
"""

from __future__ import annotations

from collections.abc import Sequence

from mobilekit.legalise.rule import Rule
from mobilekit.legalise.rules import (
    activation,
    affine_grid,
    affine_mil,
    bitwise,
    broadcast,
    casting,
    cells_mil,
    clip,
    col2im,
    concat,
    constants,
    conv,
    conv_3d,
    conv_depthwise,
    conv_mil,
    conv_modulated,
    conv_runtime,
    conv_transpose,
    conv_transpose_3d,
    conv_transpose_groups,
    conv_transpose_phases,
    crop,
    deform_conv,
    determinant,
    division,
    dynamic,
    einsum,
    extremes,
    factors_mil,
    fourier,
    gates_mil,
    gather,
    gather_single,
    gemm,
    gpu,
    gpu_batches,
    gpu_groups,
    gpu_parts,
    gpu_values,
    gpu_windows,
    grid_sample,
    heads_mil,
    indexing,
    integer_products,
    integers,
    integers_mil,
    joined_mil,
    kept_mil,
    log_softmax,
    mathematics,
    matmul,
    max_unpool,
    movement,
    normalisation,
    norms_mil,
    pad,
    pad_mil,
    pointwise_mil,
    pool,
    pool_indices,
    pool_mil,
    powers,
    quantised,
    ranks_mil,
    recurrent,
    reduce,
    reductions_mil,
    reshape,
    reshapes_mil,
    resize,
    resize_mil,
    resize_repeat,
    reverse_sequence,
    roi_align,
    roi_maximum,
    scatter,
    shared_mil,
    shuffle,
    slice,  # noqa: A004
    split,
    splits_mil,
    top_k_mil,
    transposes_mil,
)
from mobilekit.tier import Accelerator

Stage = tuple[Rule, ...]

_PATTERNS: Stage = (*dynamic.RULES, *max_unpool.PATTERNS)

_TFLITE_CPU: Stage = (
    *col2im.RULES,
    *deform_conv.RULES,
    *roi_align.RULES,
    *roi_maximum.RULES,
    *conv.OPERANDS,
    *conv_modulated.RULES,
    *conv_3d.RULES,
    *conv_runtime.RULES,
    *conv_depthwise.RULES,
    *conv.RULES,
    *conv_transpose.OPERANDS,
    *conv_transpose_3d.RULES,
    *conv_transpose_groups.RULES,
    *conv_transpose_phases.RULES,
    *conv_transpose.RULES,
    *pool.OPERANDS,
    *pool_indices.RULES,
    *pool.RULES,
    *max_unpool.RULES,
    *movement.RULES,
    *pad.RULES,
    *resize_repeat.RULES,
    *resize.RULES,
    *gemm.RULES,
    *matmul.RULES,
    *einsum.RULES,
    *affine_grid.RULES,
    *quantised.RULES,
    *recurrent.RULES,
    *fourier.RULES,
    *determinant.RULES,
    *integer_products.RULES,
    *grid_sample.RULES,
    *constants.RULES,
    *crop.RULES,
    *reverse_sequence.RULES,
    *scatter.RULES,
    *gather_single.RULES,
    *gather.RULES,
    *indexing.RULES,
    *extremes.RULES,
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

_FAST_FORMS: Stage = (*concat.RULES, *log_softmax.RULES)

# Their operators are legal as they are, and one each on a GPU.
_CPU_ONLY: Stage = (*conv_depthwise.RULES, *conv_transpose_phases.RULES, *resize_repeat.RULES)
_ELSEWHERE: Stage = tuple(rule for rule in _TFLITE_CPU if rule not in _CPU_ONLY)

# What Core ML says directly needs no rewriting: any rank of convolution and pool, groups, dilations,
# mirrored pads, integers of 32 bits, and most of mathematics.
_COREML: Stage = (
    *ranks_mil.RULES,
    *reshapes_mil.RULES,
    *col2im.RULES,
    *deform_conv.RULES,
    *roi_align.RULES,
    *roi_maximum.RULES,
    *kept_mil.named(conv.OPERANDS, "conv-runtime-bias"),
    *conv_modulated.RULES,
    *conv_mil.OPERANDS,
    *kept_mil.named(conv_transpose.OPERANDS, "conv-transpose-defined", "conv-transpose-runtime-bias"),
    *conv_mil.RULES,
    *pool.OPERANDS,
    *pool_indices.RULES,
    *pool.GLOBAL,
    *pool_mil.RULES,
    *max_unpool.RULES,
    *pad.OPERANDS,
    *pad_mil.RULES,
    *resize_mil.RULES,
    *gemm.RULES,
    *kept_mil.named(matmul.RULES, "matmul-empty", "matmul-vectors", "matmul-rank"),
    *einsum.RULES,
    *affine_grid.RULES,
    *quantised.RULES,
    *recurrent.RULES,
    *fourier.RULES,
    *determinant.RULES,
    *integer_products.RULES,
    *constants.RULES,
    *crop.RULES,
    *reverse_sequence.RULES,
    *scatter.RULES,
    *gather.RULES,
    *indexing.RULES,
    *top_k_mil.RULES,
    *reshape.RULES,
    *slice.RULES,
    *split.RULES,
    *clip.RULES,
    *integers_mil.RULES,
    *kept_mil.named(casting.RULES, "cast-like"),
    *kept_mil.named(bitwise.RULES, "bitwise-not"),
    *powers.RULES,
    *kept_mil.RULES,
    *log_softmax.RULES,
    *kept_mil.named(broadcast.RULES, "variadic"),
)

# What is legal as it is, in fewer operators, and with no Transpose but those that products take in.
_COREML_FORMS: Stage = (
    *splits_mil.RULES,
    *reshapes_mil.RULES,
    *reshape.RULES,
    *reductions_mil.RULES,
    *transposes_mil.RULES,
    *heads_mil.RULES,
    *norms_mil.RULES,
    *cells_mil.RULES,
    *gates_mil.RULES,
    *affine_mil.RULES,
    *factors_mil.RULES,
    *pointwise_mil.RULES,
)

# Sweeps of their own: they look at what the ones before have left, all of it.
_COREML_SHARED: Stage = shared_mil.RULES
_COREML_JOINED: Stage = joined_mil.RULES

# What the GPU refuses (more than four axes, and more), then what it takes and mistakes.
_GPU: Stage = (
    *reshapes_mil.RULES,
    *ranks_mil.folded(4, "gpu-"),
    *gpu.RULES,
    *gpu_values.RULES,
    *gpu_windows.RULES,
    *gpu_groups.RULES,
    *gpu_batches.RULES,
    *gpu_parts.RULES,
)

PROFILES: dict[str, tuple[Stage, ...]] = {
    "coreml": (_PATTERNS, _COREML, _COREML_FORMS, _COREML_SHARED, _COREML_JOINED),
    "tflite-cpu": (_PATTERNS, _TFLITE_CPU, _FAST_FORMS),
    "tflite-gpu": (_PATTERNS, _ELSEWHERE, _FAST_FORMS, _GPU),
}

_PROFILE_OF: dict[Accelerator, str] = {"cpu": "tflite-cpu", "gpu": "tflite-gpu"}
"""No NPU's published list asks for forms of its own; a tier that falls back to the GPU has the GPU's."""


def profile_for(accelerators: Sequence[Accelerator]) -> str:
    """The profile for a tier: that of the first accelerator it names that has one."""
    return next((_PROFILE_OF[each] for each in accelerators if each in _PROFILE_OF), "tflite-cpu")
