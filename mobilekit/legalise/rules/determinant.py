"""Det of small matrices by expansion along the first row."""

from __future__ import annotations

from mobilekit.legalise.builder import Builder
from mobilekit.legalise.node import Node
from mobilekit.legalise.rule import Refusal, Replacement, Rule

_LARGEST = 4


def _det(node: Node, b: Builder) -> Replacement | Refusal:
    x = node.inputs[0]
    size, rank = b.shape(x)[-1], b.rank(x)
    if size > _LARGEST:
        hint = f"up to {_LARGEST} by {_LARGEST} are written out; compute it in the application"
        return Refusal(got=f"matrices of {size} by {size}", hint=hint)
    rows = [b.slice(x, rank - 2, i, i + 1) for i in range(size)]
    cells = [[b.slice(row, rank - 1, j, j + 1) for j in range(size)] for row in rows]
    return b.reshape(_expanded(cells, b), b.shape(node.name))


def _expanded(cells: list[list[str]], b: Builder) -> str:
    if len(cells) == 1:
        return cells[0][0]
    total = ""
    for column, cell in enumerate(cells[0]):
        minor = [[*row[:column], *row[column + 1 :]] for row in cells[1:]]
        product = b.add("Mul", cell, _expanded(minor, b))
        total = product if not total else b.add("Sub" if column % 2 else "Add", total, product)
    return total


RULES = (Rule(name="determinant", ops=("Det",), apply=_det),)
