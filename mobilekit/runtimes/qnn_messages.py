"""What Qualcomm's execution provider says of the operators of a model, read from its log.

::

    … LogNodeSupport] Validation FAILED for 3 nodes in OrtNodeUnit (LeakyRelu) :
            Operator type: DequantizeLinear Node name: c/2 Node index: 107
            Operator type: LeakyRelu Node name: r Node index: 108
            Operator type: QuantizeLinear Node name: r/int8 Node index: 109
            REASON : Failed to add node.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNIT = re.compile(r"Validation FAILED for \d+ nodes in OrtNodeUnit \((?P<kind>[^)]*)\)")
_NODE = re.compile(r"^\s*Operator type: (?P<kind>\S+) Node name: (?P<name>.*) Node index: \d+")
_REASON = re.compile(r"^\s*REASON : (?P<reason>.*)$")
_BACKEND = re.compile(
    r"backendValidateOpConfig\(\) failed for node `(?P<name>[^`]*)` of type `(?P<kind>[^`]*)`"
    r" with error code (?P<code>\d+)"
)
_PLACED = re.compile(r"placed on \[QNNExecutionProvider\]\. Number of nodes: (?P<count>\d+)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_EMPTY = "Failed to add node."


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedNode:
    """A node that HTP does not take: its name in the model, its ONNX operator and the reason."""

    name: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QnnSaid:
    """All refused nodes, each once, and the number of parts that HTP has (None where it is not told)."""

    refused: tuple[RefusedNode, ...]
    partitions: int | None


def said_of(log: str) -> QnnSaid:
    """What a log tells; the provider looks at every node at least twice."""
    found: dict[tuple[str, str], RefusedNode] = {}
    backend: dict[str, str] = {}
    partitions: int | None = None
    kind, name = "", ""
    for line in _COLOUR.sub("", log).splitlines():
        if match := _BACKEND.search(line):
            backend[match["name"]] = f"HTP refuses its {match['kind']} (error {match['code']})"
        elif match := _UNIT.search(line):
            kind, name = match["kind"], ""
        elif kind and (match := _NODE.match(line)):
            name = match["name"] if match["kind"] == kind or not name else name
        elif kind and (match := _REASON.match(line)):
            told = match["reason"].partition(f".{kind} node")[0].strip()
            reason = backend.get(name, told) if told in ("", _EMPTY) else told
            found.setdefault((name, kind), RefusedNode(name=name, kind=kind, reason=reason))
            kind = ""
        elif match := _PLACED.search(line):
            partitions = int(match["count"])
    return QnnSaid(refused=tuple(found.values()), partitions=partitions)
