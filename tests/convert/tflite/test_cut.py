"""Minimum cuts: what is paid, which side is chosen, and that it is the least."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from mobilekit.convert.tflite.cut import NEVER, SINK, SOURCE, Cut

WEIGHTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 9)), max_size=14)


def paid(arcs: list[tuple[int, int, int]], sides: tuple[bool, ...]) -> int:
    """The arcs that leave the source's side."""
    return sum(weight for one, other, weight in arcs if sides[one] and not sides[other])


@given(WEIGHTS)
def test_nothing_is_cheaper(arcs: list[tuple[int, int, int]]) -> None:
    """Against every assignment of four nodes; of equally cheap ones the fewest are on the source's side."""
    cut = Cut()
    for _ in range(4):
        cut.node()
    for arc in arcs:
        cut.arc(*arc)
    found = tuple(cut.solve())
    every = [(True, False, *rest) for rest in product((True, False), repeat=4)]
    best = min(paid([a for a in arcs if a[0] != a[1]], sides) for sides in every)
    assert paid(arcs, found) == best
    assert sum(found) == min(sum(sides) for sides in every if paid(arcs, sides) == best)


def test_what_must_not_be_cut_is_not() -> None:
    """An arc of NEVER holds against any sum of others, an edge in both directions."""
    cut = Cut()
    one, other = cut.node(), cut.node()
    cut.arc(SOURCE, one, NEVER)
    cut.edge(one, other, NEVER)
    cut.arc(other, SINK, 1000)
    assert cut.solve() == [True, False, True, True]


def test_an_empty_cut_has_only_its_source() -> None:
    """Without arcs nothing is on the source's side but itself."""
    cut = Cut()
    cut.node()
    assert cut.solve() == [True, False, False]
