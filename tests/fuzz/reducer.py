"""A smaller graph with the same finding: outputs, nodes and inputs go, as long as it stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import onnx
from onnx import helper

from tests.fuzz.graphs import Case
from tests.fuzz.stepper import NodeError, Stepper, reads_of

_MOST_TRIES = 200


def reduced(case: Case, still: Callable[[Case], bool]) -> Case:
    """The smallest case found for which ``still`` holds; it holds for ``case``."""
    tries = 0
    progress = True
    while progress:
        progress = False
        for smaller in _candidates(case):
            tries += 1
            if tries > _MOST_TRIES:
                return case
            if still(smaller):
                case, progress = smaller, True
                break
    return case


def _candidates(case: Case) -> Iterator[Case]:
    """One output of several; a value as an output, with what follows gone; a value as an input."""
    names = [value.name for value in case.model.graph.output]
    if len(names) > 1:
        yield from (_cut(case, outputs=[name]) for name in names)
    nodes = [n for n in case.model.graph.node if n.op_type != "Constant"]
    try:
        stepper = Stepper(case.model, case.feeds[0])
        values = [stepper.run(feed) for feed in case.feeds]
    except NodeError:
        return
    if case.images:
        yield Case(model=case.model, feeds=case.feeds, shapes=case.shapes)
    for node in nodes[:-1]:
        yield from (_cut(case, outputs=[o], values=values) for o in node.output if o and [o] != names)
    for node in reversed(nodes[:-1]):
        yield _cut(case, outputs=names, values=values, inputs=[o for o in node.output if o])
    if len(case.feeds) > 1:
        yield Case(model=case.model, feeds=case.feeds[:1], shapes=case.shapes, images=case.images)


def _cut(
    case: Case, *, outputs: list[str], values: list[dict] | None = None, inputs: Iterable[str] = ()
) -> Case:
    """What computes ``outputs`` from the graph's inputs and ``inputs``."""
    graph = case.model.graph
    known = values[0] if values else {}
    inputs = list(inputs)
    needed, nodes = set(outputs), []
    for node in reversed(graph.node):
        if needed.difference(inputs).intersection(node.output):
            nodes.append(node)
            needed.update(reads_of(node))
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    for field in ("node", "input", "output", "initializer"):
        model.graph.ClearField(field)
    model.graph.node.extend(reversed(nodes))
    called = {(node.domain, node.op_type) for node in nodes}
    functions = [f for f in case.model.functions if (f.domain, f.name) in called]
    del model.functions[:]
    model.functions.extend(functions)
    model.graph.initializer.extend(t for t in graph.initializer if t.name in needed)
    model.graph.input.extend(v for v in graph.input if v.name in needed)
    model.graph.input.extend(_info(n, known[n]) for n in inputs if n in needed)
    old = {v.name: v for v in graph.output}
    model.graph.output.extend(old[n] if n in old else _info(n, known[n]) for n in outputs)
    feeds = []
    for place, feed in enumerate(case.feeds):
        extra = {n: values[place][n] for n in inputs if n in needed} if values else {}
        feeds.append({**{n: v for n, v in feed.items() if n in needed}, **extra})
    shapes = {n: s for n, s in case.shapes.items() if n in needed}
    images = {n: i for n, i in case.images.items() if n in needed}
    return Case(model=model, feeds=tuple(feeds), shapes=shapes, images=images)


def _info(name: str, value: np.ndarray) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
