"""What a rule is: a name, the operators it looks at, and a function from a node to its replacement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mobilekit.errors import UnsupportedOperatorError
from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a node has no exact legal form: ``got`` (attribute and value) and what to do instead."""

    got: str
    hint: str = ""


_UNKNOWN_REMEDY = "build it of other operators, or leave this step to the application"
_REMEDY = "change the model as each line says"
_FALLBACK = ", or convert the whole of it with --fallback onnx2tf (fp32, fp16)"
"""Which writes TFLite only."""


def line_of(op: str, refusal: Refusal, *, opset: int, node: str) -> str:
    """A refused node in one line: what, where, why, and its remedy."""
    reason = f"{refusal.got}; {refusal.hint or _UNKNOWN_REMEDY}"
    return f"no exact form for {op}, opset {opset}, node {node}: {reason}"


def unsupported(lines: tuple[str, ...], profile: str) -> UnsupportedOperatorError:
    """The error that shows every refused node."""
    hint = _REMEDY if profile == "coreml" else _REMEDY + _FALLBACK
    if len(lines) == 1:
        return UnsupportedOperatorError(lines[0], hint=hint, refusals=lines)
    shown = "".join(f"\n  {line}" for line in lines)
    message = f"{len(lines)} operators have no exact form for {profile}:{shown}"
    return UnsupportedOperatorError(message, hint=hint, refusals=lines)


Replacement = str | tuple[str, ...]
"""The value (or values, one per output of the node) that take the node's place."""

Apply = Callable[[Node, Builder], Replacement | Refusal | None]
"""None: this rule has nothing to do here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One way to bring a node into legal form.

    ``apply`` adds nodes to the builder and returns the values that replace the node's outputs. New
    nodes are legalised in turn, so a rule may use operators that other rules rewrite.
    """

    name: str
    ops: tuple[str, ...]
    apply: Apply
    domain: str = ""
