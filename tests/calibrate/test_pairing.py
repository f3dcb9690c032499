"""Inputs that show several photos show several people."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from mobilekit.calibrate.pairing import Pairing


def pairs(people: Sequence[str | None], sources: Sequence[str] | None = None) -> list[int]:
    """The photo that the second of two inputs shows, per feed."""
    pairing = Pairing(people=people, sources=sources or [str(i) for i in range(len(people))])
    items = tuple(range(len(people)))
    return [pairing.photo(items, i, turn=1, turns=2) for i in items]


def test_half_a_set_apart() -> None:
    """Photo i goes with i + n/2, rounded down; one photo goes with itself."""
    assert pairs([None] * 4) == [2, 3, 0, 1]
    assert pairs([None] * 5) == [2, 3, 4, 0, 1]
    assert pairs([None]) == [0]


def test_other_people() -> None:
    """Who is known is not paired with the same person; a set of one person still has pairs."""
    assert pairs(["a", "a", "a", "b", "a", "a"]) == [3, 3, 3, 0, 3, 3]
    assert pairs(["a", "a", "b", None]) == [2, 3, 0, 1]
    assert pairs(["a"] * 4) == [2, 3, 0, 1]


def test_versions_of_a_photo_are_nobody_else() -> None:
    """Two cameras' pictures of one photo do not go together."""
    assert pairs([None] * 4, ["x", "y", "x", "y"]) == [3, 0, 1, 2]


@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=12), st.integers(1, 3))
def test_always_others_where_there_are(people, turns) -> None:
    """Each turn shows somebody new as long as there is somebody; turn 0 is the feed's own photo."""
    pairing = Pairing(people=people, sources=[str(i) for i in range(len(people))])
    items = tuple(range(len(people)))
    known = [str(i) if person is None else person for i, person in enumerate(people)]
    for index in items:
        shown = [pairing.photo(items, index, turn=turn, turns=turns) for turn in range(turns)]
        assert shown[0] == index
        assert len({known[photo] for photo in shown}) == min(turns, len(set(known)))
