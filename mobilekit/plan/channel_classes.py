"""Channels that must have one factor, by union-find over all channels of all values.

Two channels are in one class if an operator hands factors on from one to the other. A class is free
if everything that makes its values can give factors and everything that reads them can take them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mobilekit.convert.tflite.carried import channels_of, role

if TYPE_CHECKING:
    from mobilekit.convert.tflite.carried import Role
    from mobilekit.convert.tflite.view import GraphView
    from mobilekit.tensors import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelClasses:
    """``members`` has the class of each channel of each value; ``free`` whether a class may have factors.

    ``producers`` are the values that factors are given to, in the order of the graph.
    """

    members: dict[str, Array]
    free: Array
    producers: tuple[str, ...]

    def free_channels(self, value: str) -> Array:
        """Which channels of ``value`` may have factors."""
        return np.asarray(self.free[self.members[value]])


def channel_classes(view: GraphView) -> ChannelClasses:
    """The classes of all channels of the float values of ``view``."""
    starts: dict[str, int] = {}
    total = 0
    for value in dict.fromkeys((*view.inputs, *(name for n in view.nodes for name in n.output if name))):
        starts[value] = total
        total += channels_of(view, value)
    parent = np.arange(total)
    roles = [role(view, node) for node in view.nodes]
    for link in (link for each in roles for link in each.links):
        sources, targets = link.sources + starts[link.source], link.targets + starts[link.target]
        for one, two in zip(sources.tolist(), targets.tolist(), strict=True):
            parent[_root(parent, two)] = _root(parent, one)
    roots = np.array([_root(parent, index) for index in range(total)], dtype=np.intp)
    members = {v: roots[start : start + channels_of(view, v)] for v, start in starts.items()}
    free = np.ones(total, dtype=bool)
    for value, channels in _blocked(view, roles):
        free[members[value][channels]] = False
    producers = [n.output[0] for n, each in zip(view.nodes, roles, strict=True) if each.produces]
    return ChannelClasses(members=members, free=free, producers=tuple(producers))


def _blocked(view: GraphView, roles: list[Role]) -> list[tuple[str, Array]]:
    """Channels whose factor must be one: of the graph's border, and of what no role names."""
    found = [(name, np.arange(channels_of(view, name))) for name in (*view.inputs, *view.outputs)]
    found = [(name, channels) for name, channels in found if name not in view.constants]
    for node, each in zip(view.nodes, roles, strict=True):
        handled = each.absorbs | {link.source for link in each.links}
        for name in view.runtime_inputs(node):
            if name not in handled:
                found.append((name, np.arange(channels_of(view, name))))
        for name in filter(None, node.output):
            if not each.produces:
                reached = [link.targets for link in each.links if link.target == name]
                rest = np.setdiff1d(np.arange(channels_of(view, name)), np.concatenate([[], *reached]))
                found.append((name, rest.astype(np.intp)))
    return found


def _root(parent: Array, index: int) -> int:
    while parent[index] != index:
        parent[index] = parent[parent[index]]
        index = int(parent[index])
    return index
