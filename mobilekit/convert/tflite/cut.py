"""A minimum cut between two sides, by scipy's maximum flow: deterministic, a few milliseconds."""

from __future__ import annotations

import numpy as np

SOURCE, SINK = 0, 1
NEVER = 1 << 28


class Cut:
    """Nodes 0 (source) and 1 (sink) are there from the start; weights are whole numbers, NEVER at most."""

    def __init__(self) -> None:
        self._count = 2
        self._arcs: dict[tuple[int, int], int] = {}

    def node(self) -> int:
        """A new node."""
        self._count += 1
        return self._count - 1

    def arc(self, one: int, other: int, weight: int) -> None:
        """``weight`` is paid where ``one`` is on the source's side and ``other`` on the sink's."""
        if one != other and weight > 0:
            self._arcs[one, other] = min(NEVER, self._arcs.get((one, other), 0) + weight)

    def edge(self, one: int, other: int, weight: int) -> None:
        """``weight`` is paid where the two are on different sides."""
        self.arc(one, other, weight)
        self.arc(other, one, weight)

    def solve(self) -> list[bool]:
        """Whether each node is on the source's side (the unique smallest such side)."""
        if not self._arcs:
            return [i == SOURCE for i in range(self._count)]
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import breadth_first_order, maximum_flow

        pairs = sorted({pair for one, other in self._arcs for pair in ((one, other), (other, one))})
        rows, columns = np.array(pairs, dtype=np.int32).T
        weights = np.array([self._arcs.get(pair, 0) for pair in pairs], dtype=np.int32)
        capacity = csr_array((weights, (rows, columns)), shape=(self._count, self._count))
        residual = capacity - maximum_flow(capacity, SOURCE, SINK).flow
        residual.data = np.maximum(residual.data, 0)
        residual.eliminate_zeros()
        side = np.zeros(self._count, dtype=bool)
        side[breadth_first_order(residual, SOURCE, return_predecessors=False)] = True
        side[SOURCE] = True
        return [bool(s) for s in side]
