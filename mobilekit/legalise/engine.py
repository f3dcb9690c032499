"""Runs rules over a graph until nothing changes, in one sweep per stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mobilekit.errors import MobilekitError, ShapeError
from mobilekit.legalise.builder import Builder
from mobilekit.legalise.folding import folded
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule
from mobilekit.legalise.workspace import Workspace, count_uses, live_nodes, readers_of

_DEEPEST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """One node rewritten: by which rule, and into what."""

    rule: str
    node: str
    detail: str


class Engine:
    """Applies one stage of rules after the other; collects what was rewritten and what is refused."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.rewrites: list[Rewrite] = []
        self.refusals: list[tuple[Node, Refusal]] = []

    def run(self, rules: Sequence[Rule]) -> None:
        """One sweep: each node, and each node that replaces it, until no rule wants it."""
        space = self.workspace
        index: dict[tuple[str, str], list[Rule]] = {}
        for rule in rules:
            for op in rule.ops:
                index.setdefault((rule.domain, op), []).append(rule)
        space.uses = count_uses(space.nodes, space.outputs)
        space.readers = readers_of(space.nodes)
        pending = [(node, 0) for node in reversed(space.nodes)]
        emitted: list[Node] = []
        while pending:
            node, depth = pending.pop()
            node = self._resolved(node)
            constants = folded(space, node)
            if constants is not None:
                space.aliases.update(constants)
                continue
            replacement = self._rewritten(node, index.get((node.domain, node.op), ()), depth)
            if replacement is None:
                emitted.append(node)
                space.producers.update(dict.fromkeys(node.outputs, node))
            else:
                pending.extend((new, depth + 1) for new in reversed(replacement))
        space.nodes = live_nodes(self._without_copies([self._resolved(n) for n in emitted]), space.outputs)

    def _without_copies(self, nodes: list[Node]) -> list[Node]:
        """Let the node whose value an output only copies compute that output itself."""
        space = self.workspace
        computed = {name for n in nodes for name in n.outputs} - set(space.outputs)
        names: dict[str, str] = {}
        for node in nodes:
            source = node.inputs[0] if node.inputs else ""
            is_copy = node.op == "Reshape" and space.types.get(source) == space.types[node.name]
            if is_copy and source in computed and source not in names and node.name in space.outputs:
                names[source] = node.name
        kept = [n for n in nodes if not (n.op == "Reshape" and names.get(n.inputs[0]) == n.name)]
        renamed = [_with_names(n, names) for n in kept]
        space.producers.update({name: n for n in renamed for name in n.outputs})
        return renamed

    def _resolved(self, node: Node) -> Node:
        aliases = self.workspace.aliases
        if aliases.keys().isdisjoint(node.inputs):
            return node
        return replace(node, inputs=tuple(self._alias(name) for name in node.inputs))

    def _alias(self, name: str) -> str:
        while name in self.workspace.aliases:
            name = self.workspace.aliases[name]
        return name

    def _rewritten(self, node: Node, rules: Sequence[Rule], depth: int) -> list[Node] | None:
        """The nodes that replace ``node`` by the first rule that wants it; None if none does."""
        if depth > _DEEPEST:
            tried = ", ".join(r.name for r in rules)
            message = f"legalising {node.op} ({node.name}) does not end; rules: {tried}"
            raise MobilekitError(message, hint="this is a defect of mobilekit: please report it")
        for rule in rules:
            builder = Builder(self.workspace, node.name, [])
            result = rule.apply(node, builder)
            if isinstance(result, Refusal):
                self.refusals.append((node, result))
                return None
            if result is not None:
                nodes = self._installed(node, result, builder)
                what = " + ".join(n.op for n in nodes) or "nothing"
                self.rewrites.append(Rewrite(rule=rule.name, node=node.name, detail=f"{node.op} → {what}"))
                return nodes
        return None

    def _installed(self, node: Node, result: Replacement, builder: Builder) -> list[Node]:
        """Let the replacing values carry the names of the node's outputs."""
        values = (result,) if isinstance(result, str) else result
        names: dict[str, str] = {}
        for old, value in zip(node.outputs, values, strict=False):
            if not old:
                continue
            new = names.get(value, value)
            self._check_type(node, old, new)
            produced = any(new in n.outputs for n in builder.nodes)
            if produced and new not in names.values():
                builder.rename(new, old)
                names[value] = old
            elif old in self.workspace.outputs:
                builder.rename(builder.copy(new, builder.shape(new)), old)
            else:
                self.workspace.aliases[old] = new
        space = self.workspace
        space.producers.update({name: n for n in builder.nodes for name in n.outputs})
        return builder.nodes

    def _check_type(self, node: Node, old: str, new: str) -> None:
        """A replacement has the type of what it replaces, or the rule is wrong."""
        types = self.workspace.types
        if old in types and types[old] != types[new]:
            message = f"{node.op} ({node.name}) of type {types[old]} was rewritten as {types[new]}"
            raise ShapeError(message, hint="this is a defect of mobilekit: please report it")


def _with_names(node: Node, names: Mapping[str, str]) -> Node:
    """The node reading and computing values by their new names."""
    if names.keys().isdisjoint((*node.inputs, *node.outputs)):
        return node
    return replace(
        node,
        inputs=tuple(names.get(v, v) for v in node.inputs),
        outputs=tuple(names.get(v, v) for v in node.outputs),
    )
