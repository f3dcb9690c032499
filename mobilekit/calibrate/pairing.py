"""Which photo goes with which, where several inputs of a model show photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """Partners for photos: of other people where that is known, of other pictures in any case.

    ``people`` and ``sources`` are those of all photos. Feed i of ``items`` shows photo i at turn 0, and
    at turn t of k the photo i + t·n/k (rounded down, modulo n), or the next one after it that shows
    nobody of the turns before. Where there is none (one person, one photo), it is the former.
    """

    people: Sequence[str | None]
    sources: Sequence[str]

    @cached_property
    def _shown(self) -> tuple[tuple[str, str], ...]:
        """Who is on each photo; a photo about which nothing is said shows somebody of its own."""
        pairs = zip(self.people, self.sources, strict=True)
        return tuple(("source", source) if person is None else ("person", person) for person, source in pairs)

    def photo(self, items: tuple[int, ...], index: int, *, turn: int, turns: int) -> int:
        """The photo that the input number ``turn`` of ``turns`` shows in the feed of ``items[index]``."""
        count = len(items)
        chosen: list[int] = []
        for number in range(turn + 1):
            first = index + number * count // turns
            others = {self._shown[photo] for photo in chosen}
            following = (items[(first + step) % count] for step in range(count))
            fitting = (photo for photo in following if self._shown[photo] not in others)
            chosen.append(next(fitting, items[first % count]))
        return chosen[-1]
