"""What a rule is: a name, the operators it looks at, and a function from a node to its replacement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a node has no exact legal form: ``got`` (attribute and value) and what to do instead."""

    got: str
    hint: str = ""


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
