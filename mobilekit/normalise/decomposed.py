"""Normalisations that an exporter wrote out in means, differences and roots, as one node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isclose, sqrt
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.normalise.grouping import axes_in, channel_groups
from mobilekit.normalise.normalisation import emit_group_normalize, emit_normalize, emit_rms_normalize
from mobilekit.normalise.recognition import Recognition
from mobilekit.normalise.statistics import Deviation, base, root_of
from mobilekit.normalise.terms import Expansion, Term

if TYPE_CHECKING:
    from mobilekit.normalise.editor import Editor
    from mobilekit.normalise.node import Node

_ARITHMETIC = ("Mul", "Div", "Add", "Sub")
_BETWEEN = (*_ARITHMETIC, "Neg", "Reciprocal", "Reshape")
_FARTHEST = 24
_CLOSE = 1e-6
_MAXIMUM_SHARE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    """``x`` (centred or not) divided by ``by``, times ``scale``, plus the sum of ``bias``."""

    x: str
    by: Deviation
    scale: Term
    bias: tuple[Term, ...] = ()

    @property
    def form(self) -> str:
        """How the exporter wrote it, in a few words."""
        return "ReduceMean/Sub/…/Sqrt/Div" if self.by.centred else "mean square/Sqrt/Div"


def recognise_norms(editor: Editor) -> list[Recognition]:
    """::

        x ─┬─ ReduceMean ─ Sub ─┬─ Mul ─ ReduceMean ─ Add ε ─ Sqrt ─ Div      →   mobilekit::Normalize(x)
           └────────────────────┴────────────────────────────────────┘

    and what means the same: means by pooling or by sums, flattened maps, Pow, Reciprocal, E[x²] − E[x]²,
    an unbiased variance (n/(n−1) goes into ε and scale), ε outside the root, scale and shift anywhere
    (x·(γ/σ) + (β − μ·γ/σ), γ·(x − μ)/σ); without the mean, ``mobilekit::RmsNormalize``.

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
    if not node.is_op(*_ARITHMETIC) or _becomes_weights(editor, node):
        return None
    for by in _deviations(editor, node):
        found = Expansion(editor=editor, by=by).terms(node.outputs[0])
        match = _norm(found, by) if found else None
        if match is not None:
            return match
    return None


def _becomes_weights(editor: Editor, node: Node) -> bool:
    """Whether the result goes into a convolution as its weights: a demodulated style, not a map."""
    user: Node | None = node
    while user is not None:
        value = user.outputs[0]
        user = editor.only_user(value)
        if user is not None and user.is_op("Conv", "ConvTranspose"):
            return user.inputs[1] == value
        if user is not None and not user.is_op("Reshape", "Transpose"):
            return False
    return False


def _deviations(editor: Editor, node: Node) -> Iterator[Deviation]:
    """The deviations that the node's arithmetic uses, nearest first."""
    pending, seen = list(node.inputs), set(node.inputs)
    while pending and len(seen) < _FARTHEST:
        name = pending.pop(0)
        root = root_of(editor, name)
        if root is not None:
            yield root[0]
            continue
        producer = editor.producer(name)
        if producer is not None and producer.is_op(*_BETWEEN):
            new = [n for n in producer.inputs if n not in seen and n not in editor.constants]
            seen.update(new)
            pending += new


def _norm(found: Sequence[Term], by: Deviation) -> _Match | None:
    """c·x/σ·γ − c·mean(x)/σ·γ + β, and without the mean c·x/σ·γ."""
    maps, means = [t for t in found if t.map], [t for t in found if t.mean]
    rest = tuple(t for t in found if not t.map and not t.mean)
    if len(maps) != 1 or maps[0].power != -1 or any(t.power for t in rest):
        return None
    (term,) = maps
    if not by.centred:
        return _Match(x=term.map, by=by, scale=term) if not means and not rest else None
    if len(means) != 1 or means[0].power != -1 or means[0].values != term.values:
        return None
    opposite = isclose(means[0].coefficient, -term.coefficient, rel_tol=_CLOSE)
    return _Match(x=term.map, by=by, scale=term, bias=rest) if opposite else None


def _emit(editor: Editor, node: Node, match: _Match) -> tuple[str, str] | None:
    """Write the one node, and say what it is called elsewhere; None where no shape of x fits the groups.

    (x − μ)/(√(k·v + ε) + δ) = (x − μ)/(√(v + ε/k) + δ/√k) · 1/√k
    """
    by, x = match.by, match.x
    epsilon, outside, factor = by.epsilon / by.factor, by.outside / sqrt(by.factor), 1 / sqrt(by.factor)
    axes = axes_in(by.group, editor.shape(x))
    groups = channel_groups(by.group, editor.shape(x)) if axes is None and by.centred else None
    if axes is None and groups is None:
        x = by.of  # the map in the shape in which the exporter took the mean
        axes = axes_in(by.group, editor.shape(x))
    if (axes is None and groups is None) or (outside and (axes is None or not by.centred)):
        return None
    operands = _operands(editor, node, x, match, factor)
    if operands is None:
        return None
    scale, bias = operands
    if groups is not None:
        if not isinstance(scale, float) or not isinstance(bias, float):
            return None
        output = emit_group_normalize(editor, node, x, groups=groups, epsilon=epsilon, scale=scale, bias=bias)
        return output, "GroupNormalization"
    assert axes is not None
    if not by.centred:
        output = emit_rms_normalize(editor, node, x, axes=axes, epsilon=epsilon, scale=scale)
        return output, "RMSNormalization"
    output = emit_normalize(
        editor, node, x, axes=axes, epsilon=epsilon, scale=scale, bias=bias, outside=outside
    )
    return output, _called(axes, len(editor.shape(x)), len(editor.shape(base(editor, x))))


def _operands(
    editor: Editor, node: Node, x: str, match: _Match, factor: float
) -> tuple[str | float, str | float] | None:
    """Scale and bias as numbers or values of x's rank; None if they do not broadcast to x."""
    wanted = editor.shape(x)
    values = [name for term in (match.scale, *match.bias) for name, _ in term.values]
    if any(_padded(editor.shape(name), wanted) is None for name in values):
        return None
    bias_sizes = [editor.types[n].size for t in match.bias for n, _ in t.values if n not in editor.constants]
    if any(size * _MAXIMUM_SHARE > editor.types[x].size for size in bias_sizes):
        return None  # a whole map that is added: a residual connection, not a bias
    scale = _product(editor, node, match.scale, factor)
    parts = [_product(editor, node, term, 1.0) for term in match.bias]
    bias = _sum(editor, node, x, parts)
    return tuple(  # type: ignore[return-value]
        v if isinstance(v, float) else _operand(editor, node, x, v) for v in (scale, bias)
    )


def _product(editor: Editor, node: Node, term: Term, factor: float) -> str | float:
    """A term's coefficient and values as one value, or one number."""
    number, current = term.coefficient * factor, ""
    for name, power in sorted(term.values, key=lambda v: -v[1]):
        for _ in range(abs(power)):
            if not current and power < 0:
                current = _number(editor, node, 1.0, like=name)
            current = editor.add("Mul" if power > 0 else "Div", [current, name], at=node) if current else name
    if not current:
        return number
    if isclose(number, 1.0, rel_tol=_CLOSE):
        return current
    return editor.add("Mul", [current, _number(editor, node, number, like=current)], at=node)


def _sum(editor: Editor, node: Node, x: str, parts: Sequence[str | float]) -> str | float:
    numbers = sum(p for p in parts if isinstance(p, float))
    current: str | float = float(numbers)
    for part in parts:
        if isinstance(part, str):
            if isinstance(current, float):
                shift = current
                current = part
                if shift:
                    current = editor.add("Add", [part, _number(editor, node, shift, like=x)], at=node)
            else:
                current = editor.add("Add", [current, part], at=node)
    return current


def _number(editor: Editor, node: Node, value: float, *, like: str) -> str:
    return editor.add_constant(np.array(value, editor.types[like].dtype), f"{node.outputs[0]}/number")


def _padded(shape: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape with the rank of ``wanted``; None if it does not broadcast to it."""
    if len(shape) > len(wanted):
        return None
    padded = (1,) * (len(wanted) - len(shape)) + shape
    return padded if all(got in (1, want) for got, want in zip(padded, wanted, strict=True)) else None


def _operand(editor: Editor, node: Node, x: str, name: str) -> str:
    """A scale or bias with the rank of x."""
    shape = editor.shape(name)
    padded = _padded(shape, editor.shape(x))
    if padded is None or padded == shape:
        return name
    constant = editor.add_constant(np.array(padded, np.int64), f"{name}/shape")
    return editor.add("Reshape", [name, constant], at=node)


def _called(axes: tuple[int, ...], rank: int, rank_before: int) -> str:
    """What ONNX calls it; of rank 3, a map that was flattened has instances, tokens have layers."""
    if axes == tuple(range(2, rank)) and (rank > 3 or rank_before > 3):
        return "InstanceNormalization"
    return "LayerNormalization" if axes == (rank - 1,) else f"Normalization over axes {axes}"
