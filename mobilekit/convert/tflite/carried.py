"""Positive factors of channels, carried through the operators that do not mind them.

::

    Conv(s·w, s·b) ─ Relu ─ MaxPool ─ Concat ─ Conv(w/s)         the same as without s

``role`` says of one node which inputs' factors appear at its output (``links``), which it can take
away (``absorbs``), and whether its output can be given factors of its own (``produces``). Whatever is
not named has none. Channels are along ONNX axis 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mobilekit.convert.tflite.fusion import activation_of
from mobilekit.errors import PlanError

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.tflite.view import GraphView
    from mobilekit.quantisation import QuantisationPlan
    from mobilekit.tensors import Array

CHANNEL = 1
HINT = "the plan is damaged or belongs to another graph: make a new one"

_HOMOGENEOUS = ("Relu", "LeakyRelu", "PRelu", "MaxPool", "AveragePool", "Resize")
_JOINS = ("Add", "Sub", "Max", "Min")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Channel ``targets[i]`` of ``target`` has the factor of channel ``sources[i]`` of ``source``."""

    source: str
    target: str
    sources: Array
    targets: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a node does with factors; one that does nothing with them must not meet any."""

    links: tuple[Link, ...] = ()
    absorbs: frozenset[str] = frozenset()
    produces: bool = False


def channels_of(view: GraphView, value: str) -> int:
    """How many channels ``value`` has; 0 for one that cannot have factors."""
    shape = view.shapes[value]
    if view.dtypes[value].kind != "f" or len(shape) < 2 or value in view.constants:
        return 0
    return shape[CHANNEL]


def carried(view: GraphView, factors: Mapping[str, tuple[float, ...]]) -> dict[str, Array]:
    """The factors of every value that has some, from those of the producers in ``factors``.

    Raises PlanError where a name is no producer, factors are not positive and as many as the
    channels, values that meet have different ones, or something reads them that cannot.
    """
    for name in sorted(factors):
        _check(view, name, factors[name])
    found: dict[str, Array] = {}
    left = set(factors)
    for node in view.nodes:
        does = role(view, node)
        _refuse(node, [n for n in node.input if n in found], does)
        value = node.output[0]
        if does.produces and value in factors:
            found[value] = np.array(factors[value], dtype=np.float64)
            left.discard(value)
        for target in dict.fromkeys(link.target for link in does.links):
            meeting = _meeting(view, target, [k for k in does.links if k.target == target], found)
            if (meeting != 1.0).any():
                found[target] = meeting
    if left:
        message = f"the plan equalises {min(left)}, which cannot be given factors here"
        raise PlanError(message, hint=HINT)
    for name in view.outputs:
        if name in found:
            message = f"the plan equalises the graph's output {name}"
            raise PlanError(message, hint=HINT)
    return found


def channel_factors(view: GraphView, plan: QuantisationPlan) -> dict[str, Array]:
    """The factors of every value of ``view``, rewritten by ``plan``; those of two parts end in their sum."""
    ending = {value: plan.equalisation[value] for value in plan.two_part}
    others = {value: found for value, found in plan.equalisation.items() if value not in ending}
    return carried(view, others) | {v: np.array(found, dtype=np.float64) for v, found in ending.items()}


def role(view: GraphView, node: onnx.NodeProto) -> Role:
    """What ``node`` does with factors of its data inputs."""
    if node.domain == "mobilekit" and node.op_type == "Normalize":
        return _norm(view, node)
    if node.domain:
        return Role()
    if node.op_type in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
        return _product(view, node)
    if node.op_type in _HOMOGENEOUS or activation_of(view, node) == "RELU":
        return _same(view, node, node.input[0]) if _parameters_constant(view, node) else Role()
    if node.op_type == "Concat":
        return _concat(view, node)
    if node.op_type in _JOINS:
        return _join(view, node)
    if node.op_type == "Mul":
        return _gate(view, node)
    mapped = _moved(view, node)
    return Role() if mapped is None else mapped


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """The attributes of ``node`` as plain values."""
    import onnx

    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def is_spatial_norm(view: GraphView, node: onnx.NodeProto) -> bool:
    """Whether ``node`` normalises every channel by its own statistics: factors and shifts vanish."""
    if node.domain != "mobilekit" or node.op_type != "Normalize":
        return False
    said = attributes(node)
    # What is added to the root ("outside") has no factor per channel.
    return CHANNEL not in said["axes"] and "outside" not in said and node.input[3] in view.constants


def _check(view: GraphView, name: str, factors: tuple[float, ...]) -> None:
    channels = channels_of(view, name) if name in view.shapes else 0
    given = np.array(factors, dtype=np.float64)
    if given.shape != (channels,) or not (np.isfinite(given) & (given > 0)).all():
        message = f"the plan's {given.size} factors of {name} do not fit its {channels} channels"
        raise PlanError(message, hint=HINT)


def _refuse(node: onnx.NodeProto, scaled: list[str], does: Role) -> None:
    passed = {link.source for link in does.links} | does.absorbs
    for name in scaled:
        if name not in passed:
            message = f"the plan equalises {name}, which {node.op_type} {node.output[0]} reads as it is"
            raise PlanError(message, hint=HINT)


def _meeting(view: GraphView, target: str, links: list[Link], found: Mapping[str, Array]) -> Array:
    """The factors that arrive at ``target``; 1 where none do."""
    arrived = np.full(channels_of(view, target), np.nan)
    for link in links:
        new = found.get(link.source, np.ones(channels_of(view, link.source)))[link.sources]
        old = arrived[link.targets]
        arrived[link.targets] = new
        if (~np.isnan(old) & (old != new)).any() or (arrived[link.targets] != new).any():
            message = f"the plan gives values that meet in {target} different factors"
            raise PlanError(message, hint=HINT)
    return np.where(np.isnan(arrived), 1.0, arrived)


def _link(view: GraphView, source: str, target: str, sources: Array, targets: Array | None = None) -> Link:
    whole = np.arange(channels_of(view, target)) if targets is None else targets
    return Link(source=source, target=target, sources=sources, targets=whole)


def _same(view: GraphView, node: onnx.NodeProto, *sources: str) -> Role:
    """Each channel of the output is made of that channel of the ``sources`` (or of their only one)."""
    target = node.output[0]
    channels = channels_of(view, target)
    links = []
    for source in sources:
        count = channels_of(view, source)
        if not channels or count not in (1, channels) or len(view.shapes[source]) != len(view.shapes[target]):
            return Role()
        links.append(_link(view, source, target, np.arange(channels) % count))
    return Role(links=tuple(links))


def _parameters_constant(view: GraphView, node: onnx.NodeProto) -> bool:
    return all(name in view.constants for name in node.input[1:] if name)


def _product(view: GraphView, node: onnx.NodeProto) -> Role:
    """Weights take factors away from their input channels and give their output channels others."""
    if not _parameters_constant(view, node) or node.input[0] in view.constants:
        return Role()
    said = attributes(node)
    if node.op_type in ("Gemm", "MatMul"):
        plain = len(view.shapes[node.input[0]]) == 2 and len(view.shapes[node.input[1]]) == 2
        if not plain or said.get("transA", 0) or (len(node.input) > 2 and said.get("beta", 1.0) != 1.0):
            return Role()
    if node.op_type == "ConvTranspose" and said.get("group", 1) != 1:
        return Role()
    return Role(absorbs=frozenset({node.input[0]}), produces=True)


def _norm(view: GraphView, node: onnx.NodeProto) -> Role:
    """What a spatial norm reads may have any factors; those of its scale and bias are its output's."""
    if not is_spatial_norm(view, node):
        return Role()
    absorbs = frozenset({node.input[0]})
    affine = node.input[1:3]
    if all(name in view.constants for name in affine):
        return Role(absorbs=absorbs, produces=True)
    if any(name in view.constants for name in affine):
        return Role(absorbs=absorbs)
    return Role(links=_same(view, node, *affine).links, absorbs=absorbs)


def _concat(view: GraphView, node: onnx.NodeProto) -> Role:
    target, rank = node.output[0], len(view.shapes[node.output[0]])
    axis = attributes(node)["axis"] % rank
    if axis != CHANNEL:
        return Role() if any(n in view.constants for n in node.input) else _same(view, node, *node.input)
    links, start = [], 0
    for name in node.input:
        stop = start + view.shapes[name][CHANNEL]
        if name not in view.constants and channels_of(view, name):
            links.append(_link(view, name, target, np.arange(stop - start), np.arange(start, stop)))
        start = stop
    return Role(links=tuple(links))


def _join(view: GraphView, node: onnx.NodeProto) -> Role:
    """Sums and the like of operands with the same factors; constants are given them."""
    runtime = view.runtime_inputs(node)
    rank = len(view.shapes[node.output[0]])
    for name in node.input:
        shape = view.shapes[name]
        if name in view.constants and len(shape) > rank:
            return Role()
    return _same(view, node, *dict.fromkeys(runtime))


def _gate(view: GraphView, node: onnx.NodeProto) -> Role:
    """A product with a smaller operand (or a constant) that has no factors itself."""
    runtime = view.runtime_inputs(node)
    if len(runtime) == 1 and len(node.input) == 2:
        return _same(view, node, runtime[0])
    sizes = [math.prod(view.shapes[name]) for name in node.input]
    if len(sizes) != 2 or sizes[0] == sizes[1]:
        return Role()
    return _same(view, node, node.input[0] if sizes[0] > sizes[1] else node.input[1])


def _moved(view: GraphView, node: onnx.NodeProto) -> Role | None:
    """Operators that move channels as wholes, or leave them where they are."""
    source = node.input[0] if node.input else ""
    if not source or not channels_of(view, source) or not _parameters_constant(view, node):
        return None
    find = _MOVES.get(node.op_type)
    return find(view, node) if find else None


def _pad(view: GraphView, node: onnx.NodeProto) -> Role | None:
    pads = view.constants[node.input[1]].reshape(2, -1)
    value = view.constants[node.input[2]].reshape(()) if len(node.input) > 2 and node.input[2] else 0.0
    if pads[:, CHANNEL].any() or (float(value) != 0.0 and pads.any()):
        return None
    return _same(view, node, node.input[0])


def _reduce(view: GraphView, node: onnx.NodeProto) -> Role | None:
    rank = len(view.shapes[node.input[0]])
    axes = (
        {int(axis) % rank for axis in view.constants[node.input[1]].ravel()} if len(node.input) > 1 else {0}
    )
    target = node.output[0]
    if min(axes, default=0) <= CHANNEL or channels_of(view, target) != channels_of(view, node.input[0]):
        return None
    return Role(links=(_link(view, node.input[0], target, np.arange(channels_of(view, target))),))


def _slice(view: GraphView, node: onnx.NodeProto) -> Role | None:
    starts, ends, axes, steps = (view.constants[name].ravel() for name in node.input[1:5])
    rank = len(view.shapes[node.input[0]])
    kept = np.arange(channels_of(view, node.input[0]))
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if int(axis) % rank == CHANNEL:
            kept = kept[slice(int(start), int(end) if int(end) >= 0 or step > 0 else None, int(step))]
    if len(kept) != channels_of(view, node.output[0]):
        return None
    return Role(links=(_link(view, node.input[0], node.output[0], kept),))


def _split(view: GraphView, node: onnx.NodeProto) -> Role | None:
    rank = len(view.shapes[node.input[0]])
    along = attributes(node).get("axis", 0) % rank == CHANNEL
    links, start = [], 0
    for target in filter(None, node.output):
        count = view.shapes[target][CHANNEL]
        links.append(_link(view, node.input[0], target, np.arange(count) + (start if along else 0)))
        start += count
    return Role(links=tuple(links)) if all(node.output) else None


def _reshape(view: GraphView, node: onnx.NodeProto) -> Role | None:
    """N×C×… to N×(C·k)×… or back: channels are taken apart, or k of them joined."""
    before, after = view.shapes[node.input[0]], view.shapes[node.output[0]]
    if len(after) < 2 or before[0] != after[0] or not before[CHANNEL] or not after[CHANNEL]:
        return None
    source, target = node.input[0], node.output[0]
    if after[CHANNEL] % before[CHANNEL] == 0:
        each = after[CHANNEL] // before[CHANNEL]
        return Role(links=(_link(view, source, target, np.arange(after[CHANNEL]) // each),))
    if before[CHANNEL] % after[CHANNEL] == 0:
        each = before[CHANNEL] // after[CHANNEL]
        wide = np.arange(before[CHANNEL])
        return Role(links=(_link(view, source, target, wide, wide // each),))
    return None


def _transpose(view: GraphView, node: onnx.NodeProto) -> Role | None:
    return _same(view, node, node.input[0]) if attributes(node)["perm"][CHANNEL] == CHANNEL else None


def _depth_to_space(view: GraphView, node: onnx.NodeProto) -> Role | None:
    if attributes(node).get("mode", b"DCR") != b"DCR":
        return None
    wide = np.arange(channels_of(view, node.input[0]))
    narrow = wide % channels_of(view, node.output[0])
    return Role(links=(_link(view, node.input[0], node.output[0], wide, narrow),))


def _space_to_depth(view: GraphView, node: onnx.NodeProto) -> Role | None:
    wide = np.arange(channels_of(view, node.output[0])) % channels_of(view, node.input[0])
    return Role(links=(_link(view, node.input[0], node.output[0], wide),))


_MOVES: Mapping[str, Callable[[GraphView, onnx.NodeProto], Role | None]] = {
    "Pad": _pad,
    "ReduceMean": _reduce,
    "ReduceMax": _reduce,
    "ReduceMin": _reduce,
    "ReduceSum": _reduce,
    "Slice": _slice,
    "Split": _split,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "DepthToSpace": _depth_to_space,
    "SpaceToDepth": _space_to_depth,
}
