"""Which operators of a file keep it off the GPU: by the delegate's words, else by cutting the file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mobilekit.errors import MobilekitError
from mobilekit.runtimes.acceleration import Refusal

if TYPE_CHECKING:
    from mobilekit.runtimes.tflite_cut import CutOperator, TfliteGraph

Tried = Callable[[Path], str | None]
"""Opens a file on the GPU alone: the reason why that fails, or None. Raises what ends the process."""


def refused_operators(
    graph: TfliteGraph, said: Sequence[tuple[str, str]], tried: Tried
) -> tuple[Refusal, ...]:
    """Every operator that the delegate refuses, in the file's order.

    ``said`` are kinds and reasons as it gave them for the whole file. Where it refused a kind and
    the file has several different ones of it, each is tried as a file of its own. Where it named
    none that the file has, all are.
    """
    reasons: dict[str, list[str]] = {}
    for kind, reason in said:
        reasons.setdefault(kind, []).append(reason)
    operators = [o for o in graph.operators if not o.unpacks]
    suspects = [o for o in operators if o.kind in reasons] or operators
    found: dict[str, str | None] = {}
    for operator in suspects:
        if operator.signature not in found:
            alike = {o.signature for o in suspects if o.kind == operator.kind}
            known = list(dict.fromkeys(reasons.get(operator.kind, ())))
            if len(alike) == 1 and len(known) == 1:
                found[operator.signature] = known[0]
            else:
                found[operator.signature] = _tried(graph, [operator.index], tried)
    pairs = [(operator, found[operator.signature]) for operator in suspects]
    return tuple(Refusal(operator=o.value, kind=o.kind, reason=why) for o, why in pairs if why is not None)


def fatal_operator(graph: TfliteGraph, tried: Tried) -> CutOperator | None:
    """The operator that ends the driver's process when the file is opened; None if none can be named.

    First each different operator alone; then, since some harm only behind others, the shortest
    beginning of the file that is fatal, whose last operator it is.
    """
    operators = [o for o in graph.operators if not o.unpacks]
    for operator in _distinct(operators):
        if _fatal(graph, [operator.index], tried):
            return operator
    low, high = 0, len(operators)  # the first `low` are harmless, the first `high` fatal
    if not operators or not _fatal(graph, [o.index for o in operators], tried):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if _fatal(graph, [o.index for o in operators[:middle]], tried):
            high = middle
        else:
            low = middle
    return operators[high - 1]


def _distinct(operators: Sequence[CutOperator]) -> Iterator[CutOperator]:
    seen: set[str] = set()
    for operator in operators:
        if operator.signature not in seen:
            seen.add(operator.signature)
            yield operator


def _fatal(graph: TfliteGraph, indices: Sequence[int], tried: Tried) -> bool:
    try:
        _tried(graph, indices, tried)
    except MobilekitError:
        return True
    return False


def _tried(graph: TfliteGraph, indices: Sequence[int], tried: Tried) -> str | None:
    with tempfile.TemporaryDirectory(prefix="mobilekit-") as folder:
        path = Path(folder) / "cut.tflite"
        path.write_bytes(graph.cut(indices))
        return tried(path)
