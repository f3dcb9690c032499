"""Normalisations that an exporter wrote out in means, differences and roots, as one node."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.normalise.grouping import axes_in, channel_groups, matches
from mobilekit.normalise.normalisation import emit_group_normalize, emit_normalize, emit_rms_normalize
from mobilekit.normalise.recognition import Recognition
from mobilekit.normalise.statistics import (
    Deviation,
    base,
    centred,
    deviation,
    inverse_deviation,
    made_by,
    mean,
)

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    """``x`` (centred or not) divided by ``by``; ``scale`` and ``bias`` where they come inside the pattern."""

    x: str
    by: Deviation
    form: str
    scale: str = ""
    bias: str = ""


def recognise_norms(editor: Editor) -> list[Recognition]:
    """::

        x ─┬─ ReduceMean ─ Sub ─┬─ Mul ─ ReduceMean ─ Add ε ─ Sqrt ─ Div      →   mobilekit::Normalize(x)
           └────────────────────┴────────────────────────────────────┘

    and what means the same: means by pooling or by sums, flattened maps, Pow, Reciprocal, E[x²] − E[x]²,
    an unbiased variance (n/(n−1) goes into ε and scale), x·(γ/σ) + (β − μ·γ/σ); without the mean,
    ``mobilekit::RmsNormalize``. With ε outside the root it is not the same, and stays.

    Requires: opset ≥ 21, types, constants as initializers, views as Reshape.
    Ensures: no such pattern is left.
    """
    found = []
    for node in editor.nodes:
        match = _match(editor, node)
        result = _emit(editor, node, match) if match else None
        if match is None or result is None:
            continue
        output, name = result
        target = node.outputs[0]
        if editor.shape(output) != editor.shape(target):
            shape = editor.add_constant(np.array(editor.shape(target), np.int64), f"{target}/shape")
            output = editor.add("Reshape", [output, shape], at=node)
        editor.replace(target, output)
        found.append(
            Recognition(kind=f"{name} from {match.form}", node=target, detail=f"epsilon {match.by.epsilon:g}")
        )
    editor.remove_unused()
    return found


def _match(editor: Editor, node: Node) -> _Match | None:
    if node.is_op("Div"):
        by = deviation(editor, node.inputs[1])
        return _divided(editor, node.inputs[0], node.inputs[1], by, "") if by else None
    if node.is_op("Mul"):
        for one, other in (node.inputs, node.inputs[::-1]):
            match = _multiplied(editor, one, other)
            if match:
                return match
    return _shifted(editor, node) if node.is_op("Add") else None


def _multiplied(editor: Editor, value: str, factor: str) -> _Match | None:
    """Value · 1/σ, or value · (γ/σ) with the γ of the norm multiplied first."""
    by, scale = _scaled_inverse(editor, factor)
    return _divided(editor, value, factor, by, scale) if by else None


def _scaled_inverse(editor: Editor, name: str) -> tuple[Deviation | None, str]:
    by = inverse_deviation(editor, name)
    if by is not None:
        return by, ""
    node = made_by(editor, name, "Mul", "Div")
    if node is None or editor.shape(name) != editor.shape(node.outputs[0]):
        return None, ""
    if node.op == "Div":
        return deviation(editor, node.inputs[1]), node.inputs[0]
    for one, other in (node.inputs, node.inputs[::-1]):
        by = inverse_deviation(editor, one)
        if by is not None:
            return by, other
    return None, ""


def _divided(editor: Editor, value: str, statistic: str, by: Deviation, scale: str) -> _Match | None:
    """The match if ``value`` is what ``by`` is the deviation of, and broadcasting pairs them rightly."""
    inner = centred(editor, value)
    shape, divisor = editor.shape(value), editor.shape(statistic)
    if by.centred:
        fits = (
            inner is not None and base(editor, inner[0]) == base(editor, by.of) and inner[1].group == by.group
        )
        if inner is None or not fits or not (scale or matches(by.group, shape, divisor)):
            return None
        return _Match(x=inner[0], by=by, form="ReduceMean/Sub/…/Sqrt/Div", scale=scale)
    if base(editor, value) != base(editor, by.of) or not (scale or matches(by.group, shape, divisor)):
        return None
    return _Match(x=value, by=by, form="mean square/Sqrt/Div", scale=scale)


def _shifted(editor: Editor, node: Node) -> _Match | None:
    """x·f + (β − μ·f) with f = γ/σ: how TensorFlow writes it."""
    for one, other in (node.inputs, node.inputs[::-1]):
        product, difference = made_by(editor, one, "Mul"), made_by(editor, other, "Sub")
        if (
            product is None
            or difference is None
            or product.outputs[0] != one
            or difference.outputs[0] != other
        ):
            continue
        taken = made_by(editor, difference.inputs[1], "Mul")
        if taken is None:
            continue
        for factor in set(product.inputs) & set(taken.inputs):
            match = _moments(editor, product, taken, factor, difference.inputs[0])
            if match:
                return match
    return None


def _moments(editor: Editor, product: Node, taken: Node, factor: str, bias: str) -> _Match | None:
    by, scale = _scaled_inverse(editor, factor)
    x = product.inputs[1 - product.inputs.index(factor)]
    average_name = taken.inputs[1 - taken.inputs.index(factor)]
    average = mean(editor, average_name)
    if by is None or average is None or not by.centred or not average.is_plain or average.squared:
        return None
    same = base(editor, average.of) == base(editor, x) == base(editor, by.of) and average.group == by.group
    if not same or not matches(by.group, editor.shape(x), editor.shape(average_name)):
        return None
    return _Match(x=x, by=by, form="moments, x·(γ/σ) + (β − μ·γ/σ)", scale=scale, bias=bias)


def _emit(editor: Editor, node: Node, match: _Match) -> tuple[str, str] | None:
    """Write the one node, and say what it is called elsewhere; None where no shape of x fits the groups.

    (x − μ)/√(k·v + ε) = (x − μ)/√(v + ε/k) · 1/√k
    """
    by, x = match.by, match.x
    epsilon, factor = by.epsilon / by.factor, 1 / sqrt(by.factor)
    axes = axes_in(by.group, editor.shape(x))
    groups = channel_groups(by.group, editor.shape(x)) if axes is None and by.centred else None
    if axes is None and groups is None:
        x = by.of  # the map in the shape in which the exporter took the mean
        axes = axes_in(by.group, editor.shape(x))
    if axes is None and groups is None:
        return None
    extra = {k: _operand(editor, node, x, v) for k, v in (("scale", match.scale), ("bias", match.bias)) if v}
    if None in extra.values() or (match.scale and abs(factor - 1) > 1e-6):
        return None
    arguments = {k: v for k, v in extra.items() if v is not None}
    if groups is not None:
        if arguments:
            return None
        return emit_group_normalize(
            editor, node, x, groups=groups, epsilon=epsilon, scale=factor
        ), "GroupNormalization"
    assert axes is not None
    scale = arguments.get("scale", factor)
    if not by.centred:
        return emit_rms_normalize(
            editor, node, x, axes=axes, epsilon=epsilon, scale=scale
        ), "RMSNormalization"
    bias = arguments.get("bias", 0.0)
    output = emit_normalize(editor, node, x, axes=axes, epsilon=epsilon, scale=scale, bias=bias)
    return output, _called(axes, len(editor.shape(x)))


def _operand(editor: Editor, node: Node, x: str, name: str) -> str | None:
    """A scale or bias with the rank of x; None if it does not broadcast to x."""
    shape, wanted = editor.shape(name), editor.shape(x)
    if len(shape) > len(wanted):
        return None
    padded = (1,) * (len(wanted) - len(shape)) + shape
    if any(got not in (1, want) for got, want in zip(padded, wanted, strict=True)):
        return None
    if padded == shape:
        return name
    constant = editor.add_constant(np.array(padded, np.int64), f"{name}/shape")
    return editor.add("Reshape", [name, constant], at=node)


def _called(axes: tuple[int, ...], rank: int) -> str:
    if axes == tuple(range(2, rank)) and rank > 2:
        return "InstanceNormalization"
    return "LayerNormalization" if axes == (rank - 1,) else f"Normalization over axes {axes}"
