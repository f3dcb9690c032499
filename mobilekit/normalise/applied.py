"""Every recognition compared where it was applied: the source's value against what replaces it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mobilekit.metrics import psnr
from mobilekit.normalise.recognition import Recognition
from mobilekit.normalise.verify import first_difference
from mobilekit.runtimes.rounding import allows, float32_limits
from mobilekit.source.graph import graph_from_proto

if TYPE_CHECKING:
    import onnx

    from mobilekit.metrics import Tolerance
    from mobilekit.source.graph import Graph
    from mobilekit.tensors import Array, Feed

_FARTHEST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A recognition, the pass that made it, and a value of the source with its name in the result."""

    by: str
    recognition: Recognition
    source: str
    result: str


def applied(
    source: Graph, result: Graph, found: Sequence[tuple[str, Recognition]], equals: Mapping[str, str]
) -> list[Applied]:
    """Where each recognition can be seen: at its own value, or at the nearest values computed from it.

    ``equals`` says under which name a value of the source goes on; ``""`` if it is gone.
    """
    before, after = source.proto().graph, result.proto().graph
    known = {name for node in before.node for name in node.output if name}
    left = {name for node in after.node for name in node.output if name} - {v.name for v in before.output}
    readers = _readers(before)
    pairs: dict[tuple[str, str], Applied] = {}
    for by, recognition in found:
        for name in _visible(recognition.node, readers, equals, left) if recognition.node in known else ():
            now = equals.get(name, name)
            pair = Applied(by=by, recognition=recognition, source=name, result=now)
            pairs.setdefault((name, now), pair)
    return list(pairs.values())


def _readers(graph: onnx.GraphProto) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node in graph.node:
        for name in node.input:
            found.setdefault(name, []).extend(n for n in node.output if n)
    return found


def _visible(
    name: str, readers: Mapping[str, Sequence[str]], equals: Mapping[str, str], left: set[str]
) -> Iterator[str]:
    """The value itself, or the first values after it that the result still has."""
    pending, seen = [name], {name}
    while pending and len(seen) < _FARTHEST:
        current = pending.pop(0)
        if equals.get(current, current) in left:
            yield current
            continue
        new = [n for n in readers.get(current, ()) if n not in seen]
        seen.update(new)
        pending += new


def run_both(
    source: Graph, result: Graph, places: Sequence[Applied], samples: Sequence[Feed]
) -> tuple[list[dict[str, Array]], list[dict[str, Array]]]:
    """What both graphs compute for every sample: the outputs, and the values of ``places``."""
    return (
        _values(source, [p.source for p in places], samples),
        _values(result, [p.result for p in places], samples),
    )


def first_fault(
    source: Graph,
    result: Graph,
    places: Sequence[Applied],
    samples: Sequence[Feed],
    wanted: Sequence[Mapping[str, Array]],
    got: Sequence[Mapping[str, Array]],
    *,
    tolerance: Tolerance,
) -> str | None:
    """A line about the first recognition whose value changed by more than rounding, naming pass and node.

    ``wanted`` and ``got`` are what :func:`run_both` gave.
    """
    faults = {}
    for place in places:
        one = [{place.source: values[place.source]} for values in wanted]
        other = [{place.source: values[place.result]} for values in got]
        difference = first_difference(one, other, tolerance=tolerance)
        if difference is not None:
            faults[place] = difference.removeprefix("output ")
    for place in _beyond_rounding(source, result, list(faults), samples, wanted, got):
        kind, node = place.recognition.kind, place.recognition.node
        return f"pass {place.by}, {kind}, node {node}: {faults[place]}"
    return None


def _beyond_rounding(
    source: Graph,
    result: Graph,
    places: Sequence[Applied],
    samples: Sequence[Feed],
    wanted: Sequence[Mapping[str, Array]],
    got: Sequence[Mapping[str, Array]],
) -> list[Applied]:
    """Those that float32 rounding explains in neither spelling."""
    left = list(places)
    for graph, name_of in ((result, _result_name), (source, _source_name)):
        if not left:
            break
        shapes = {name_of(p): wanted[0][p.source] for p in left}
        limits = [float32_limits(_ending_at(graph, shapes), feed) for feed in samples]
        left = [
            p
            for p in left
            if not all(
                _allowed(limit.get(name_of(p)), one[p.source], other[p.result])
                for limit, one, other in zip(limits, wanted, got, strict=True)
            )
        ]
    return left


def _result_name(place: Applied) -> str:
    return place.result


def _source_name(place: Applied) -> str:
    return place.source


def _allowed(limit: float | None, wanted: Array, got: Array) -> bool:
    quality = psnr(wanted, got) if wanted.dtype.kind == "f" else -float("inf")
    return quality is None or allows(limit, quality)


def _values(graph: Graph, names: Sequence[str], samples: Sequence[Feed]) -> list[dict[str, Array]]:
    from mobilekit.runtimes.ort import open_graph

    taps = list(dict.fromkeys(names))
    with open_graph(graph, taps=taps) as session:
        return [session.run(feed, taps=taps) for feed in samples]


def _ending_at(graph: Graph, values: Mapping[str, Array]) -> Graph:
    """The graph with these values as its only outputs."""
    import onnx

    model = graph.proto()
    del model.graph.output[:]
    for name, array in values.items():
        kind = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, kind, array.shape))
    return graph_from_proto(model, stage=graph.stage)
