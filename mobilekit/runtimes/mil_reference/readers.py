"""Which operation of a block reads a value last: after it the value's memory can go."""

from __future__ import annotations

from mobilekit.runtimes.mil_reference.program import Block, Operation


def last_readers(block: Block) -> tuple[tuple[str, ...], ...]:
    """Per operation the values of this block (its inputs, its results) that nothing later reads.

    What a nested block reads counts as read by the operation around it; the block's outputs stay.
    """
    own = {name for name, _ in block.inputs}
    own |= {name for operation in block.operations for name, _ in operation.outputs}
    last: dict[str, int] = {}
    for index, operation in enumerate(block.operations):
        for name in (*_read(operation), *(name for name, _ in operation.outputs)):
            last[name] = index
    frees: list[list[str]] = [[] for _ in block.operations]
    for name in sorted(own & last.keys() - set(block.outputs)):
        frees[last[name]].append(name)
    return tuple(tuple(names) for names in frees)


def _read(operation: Operation) -> set[str]:
    names = {g for given in operation.inputs.values() for g in given if isinstance(g, str)}
    for block in operation.blocks:
        names.update(block.outputs)
        for nested in block.operations:
            names |= _read(nested)
    return names
