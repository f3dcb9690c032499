"""Every node of a model that a format cannot express, listed at once and under the file's own opset.

By operator alone first: that needs no shapes, so nothing that stops a later step hides a node.
Then, where the steps can be run, by attributes and operands too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mobilekit.errors import MobilekitError, UnknownOpsetError, UnsupportedOperatorError
from mobilekit.legalise.pipeline import attempt
from mobilekit.legalise.profiles import PROFILES
from mobilekit.legalise.rule import Refusal, line_of, unsupported
from mobilekit.legalise.rules.dynamic import REASONS
from mobilekit.normalise.fold import RANDOM
from mobilekit.normalise.function_bodies import WRITTEN_OUT
from mobilekit.normalise.norms import UNIFIED
from mobilekit.normalise.pipeline import normalise
from mobilekit.source.check import is_default_domain, unknown_operators
from mobilekit.source.load import load

if TYPE_CHECKING:
    import onnx

    from mobilekit.convert.optable import OpTable
    from mobilekit.source.graph import Graph

UNKNOWN_HINT = "change the model as each line says, the unknown operators first: nothing converts around them"
_SHAPES = frozenset({"Constant", "Shape", "Size"})
_NORMALISED = frozenset({*UNIFIED, *WRITTEN_OUT, "Scatter", "Upsample", "Gelu", "QuickGelu"})
_UNROLLED = {"If": 1, "Loop": 2, "Scan": 0}
"""Control flow, and how many of its first inputs say what is to be done: they must be constants."""
_NO_RULE = Refusal(got="mobilekit has no rule for this operator")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A refused node: its first output, its place in the file, and the line that says why."""

    name: str
    place: int
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What a format can say: the profile it is legalised by, its table, and its dry run.

    ``refused_nodes`` gives the first output and the reason of every node of a legalised graph that the
    table cannot say.
    """

    profile: str
    table: OpTable
    refused_nodes: Callable[[Graph], tuple[tuple[str, str], ...]]

    def load_model(self, path: Path, *, shapes: Mapping[str, tuple[int, ...]]) -> Graph:
        """``load``; an operator of an unknown domain does not hide the others that are refused."""
        try:
            return load(path, shapes=shapes)
        except UnknownOpsetError as error:
            lines = self.refusals_of_file(path)
            if len(lines) < 2:
                raise
            shown = "".join(f"\n  {line}" for line in lines)
            message = f"{path}: {len(lines)} operators are refused:{shown}"
            raise UnknownOpsetError(message, hint=UNKNOWN_HINT) from error

    def refusals_of_file(self, path: Path) -> tuple[str, ...]:
        """A line per refused node of a file with operators that nobody knows; none without such operators."""
        import onnx

        model = onnx.ModelProto.FromString(path.read_bytes())
        if not any(True for _ in unknown_operators(model)):
            return ()
        return tuple(refused.line for refused in self.by_operator(model))

    def check_operators_known(self, source: Graph) -> None:
        """Raises UnsupportedOperatorError with every refusal if an operator alone suffices for one."""
        if self.by_operator(source.proto()):
            raise unsupported(self.every_refusal(source), self.profile)

    def with_all(self, source: Graph, error: UnsupportedOperatorError) -> UnsupportedOperatorError:
        """The error that names every refused node of ``source``; a step found only those in ``error``."""
        lines = self.every_refusal(source)
        return unsupported(lines, self.profile) if lines else error

    def by_operator(self, model: onnx.ModelProto) -> tuple[Refused, ...]:
        """The nodes whose operator nothing serves, in the file's order.

        What depends on constants and shapes only will be folded, and what no output needs is removed.
        """
        opset = _opset(model)
        unknown = {_name(node): reason for node, reason in unknown_operators(model)}
        local = {(f.domain, f.name) for f in model.functions}
        fixed = {tensor.name for tensor in model.graph.initializer}
        live = _live(model.graph)
        found = []
        for place, node in enumerate(model.graph.node):
            name = _name(node)
            if name in unknown:
                found.append(Refused(name=name, place=place, line=unknown.pop(name)))
            elif _is_folded(node, fixed):
                fixed.update(node.output)
            elif place in live and (node.domain, node.op_type) not in local:
                refusal = self._refusal(node, fixed)
                line = line_of(node.op_type, refusal, opset=opset, node=name) if refusal else ""
                found += [Refused(name=name, place=place, line=line)] if line else []
        # What is left is in a branch, a loop or a function.
        inner = [Refused(name=n, place=len(model.graph.node), line=line) for n, line in unknown.items()]
        return (*found, *inner)

    def every_refusal(self, source: Graph) -> tuple[str, ...]:
        """A line per node of a loaded model that has no exact form, in the file's order; converts nothing."""
        model = source.proto()
        places = {name: i for i, node in enumerate(model.graph.node) for name in node.output}
        found = {refused.name: refused for refused in self.by_operator(model)}
        for name, line in self._by_attributes(source, _opset(model), known=frozenset(found)):
            found.setdefault(name, Refused(name=name, place=places.get(name, len(places)), line=line))
        return tuple(r.line for r in sorted(found.values(), key=lambda r: r.place))

    def _by_attributes(
        self, source: Graph, opset: int, *, known: frozenset[str]
    ) -> Iterator[tuple[str, str]]:
        """What normalising, legalising and the table refuse: the first output of the node, and the line."""
        try:
            legal, refused = attempt(normalise(source, samples=()).graph, profile=self.profile)
        except MobilekitError as error:
            if not any(f"node {name}" in error.message for name in known) and not _is_of_dynamic(
                error, known
            ):
                yield "", f"{error.message}; {error.hint}" if error.hint else error.message
            return
        for node, refusal in refused:
            yield node.name, line_of(node.op, refusal, opset=opset, node=node.name)
        names = {node.name for node, _ in refused} | known
        yield from ((name, line) for name, line in self.refused_nodes(legal.graph) if name not in names)

    def _refusal(self, node: onnx.NodeProto, fixed: set[str]) -> Refusal | None:
        if node.op_type in _UNROLLED and fixed.issuperset(
            name for name in node.input[: _UNROLLED[node.op_type]] if name
        ):
            return None
        if node.op_type == "Compress" and node.input[1] in fixed:
            return None
        if node.op_type in REASONS:
            return REASONS[node.op_type]
        return None if node.op_type in self._served() else _NO_RULE

    def _served(self) -> frozenset[str]:
        rules = {op for stage in PROFILES[self.profile] for rule in stage for op in rule.ops}
        table = {op for domain, op in self.table.lowerings if not domain}
        return frozenset({*rules, *table, *_NORMALISED, *_SHAPES})


def _is_of_dynamic(error: MobilekitError, known: frozenset[str]) -> bool:
    """Whether a step stopped at nodes that are listed anyway: an error of refusals has a line for each."""
    lines = error.refusals if isinstance(error, UnsupportedOperatorError) else ()
    return bool(lines) and all(any(f"node {name}" in line for name in known) for line in lines)


def _is_folded(node: onnx.NodeProto, fixed: set[str]) -> bool:
    if not is_default_domain(node.domain):
        return False
    given = [name for name in (*node.input, *_captured(node)) if name]
    return node.op_type in _SHAPES or (node.op_type not in RANDOM and bool(given) and fixed.issuperset(given))


def _captured(node: onnx.NodeProto) -> set[str]:
    """What the subgraphs of a node read from outside."""
    found: set[str] = set()
    for attribute in node.attribute:
        graph = attribute.g
        defined = {t.name for t in graph.initializer} | {v.name for v in graph.input}
        for inner in graph.node:
            found |= {*inner.input, *_captured(inner)} - defined
            defined.update(inner.output)
        found |= {value.name for value in graph.output} - defined
    return found


def _live(graph: onnx.GraphProto) -> set[int]:
    """The places of the nodes that an output needs."""
    needed = {value.name for value in graph.output}
    live = set()
    for place, node in reversed(list(enumerate(graph.node))):
        if needed.intersection(node.output):
            live.add(place)
            needed.update(_reads([node]))
    return live


def _reads(nodes: Iterable[onnx.NodeProto]) -> Iterator[str]:
    for node in nodes:
        yield from node.input
        for attribute in node.attribute:
            yield from (value.name for value in attribute.g.output)
            yield from _reads(attribute.g.node)


def _name(node: onnx.NodeProto) -> str:
    return next((name for name in node.output if name), node.name)


def _opset(model: onnx.ModelProto) -> int:
    return max((o.version for o in model.opset_import if is_default_domain(o.domain)), default=0)
