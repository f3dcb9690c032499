"""A process that judges some chunks of graphs, so that a crash ends it and not the run.

``python -m tests.fuzz.child OUT SEED FIRST LAST COUNT``: chunk c has COUNT graphs of seed (SEED, c).
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import FlakyStrategyDefinition

from tests.fuzz.graphs import Case, cases, operators_of
from tests.fuzz.journal import Journal, write_case
from tests.fuzz.judge import Verdict, judge
from tests.fuzz.precisions import PRECISIONS, judge_precision
from tests.fuzz.reducer import reduced

_EVERY = 4
"""One right graph of so many is converted to another precision too."""


def run_chunk(journal: Journal, base: int, number: int, count: int, scratch: Path) -> None:
    """Judge the graphs of a chunk that its file does not have yet."""
    done = len(journal.lines(number))
    place = -1
    seen: set[tuple[str, ...]] = set()
    current = scratch / "current"

    @seed(base * 1_000_003 + number)
    @settings(
        max_examples=5 * count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases())
    def every_graph(case: Case) -> None:
        nonlocal place
        operators = operators_of(case)
        if operators in seen:  # hypothesis likes to vary what it has
            return
        seen.add(operators)
        place += 1
        if place < done or place >= count:
            return
        write_case(current, case)
        journal.append(number, _judged(journal, case, f"{number:05}-{place:02}", place, scratch))
        shutil.rmtree(current)

    if done < count:
        with contextlib.suppress(FlakyStrategyDefinition):  # last bits decided what could be drawn
            every_graph()
        for _ in range(count - max(place + 1, done)):  # hypothesis gave fewer: nothing to redo
            journal.append(number, {"kind": "absent", "reason": "", "operators": {}})


def _judged(journal: Journal, case: Case, name: str, place: int, scratch: Path) -> dict[str, Any]:
    verdict = judge(case, scratch)
    line: dict[str, Any] = {
        "kind": verdict.kind,
        "reason": verdict.reason,
        "operators": dict(Counter(operators_of(case))),
    }
    if verdict.is_finding and not journal.has_enough(verdict.reason):
        family = verdict.reason.partition(":")[0]

        def still(smaller: Case) -> bool:
            found = judge(smaller, scratch)
            return found.is_finding and found.reason.partition(":")[0] == family

        small = reduced(case, still)
        journal.keep(name, small, judge(small, scratch))
    if verdict.kind == "right" and place % _EVERY == 0:
        precision = PRECISIONS[place // _EVERY % len(PRECISIONS)]
        other = judge_precision(case, precision, scratch)
        line["precisions"] = {precision: {"kind": other.kind, "reason": other.reason}}
        if (other.is_finding or other.kind == "low") and not journal.has_enough(other.reason):
            journal.keep(f"{name}-{precision}", *_smaller(case, precision, other, scratch))
    return line


def _smaller(case: Case, precision: str, verdict: Verdict, scratch: Path) -> tuple[Case, Verdict]:
    def still(smaller: Case) -> bool:
        found = judge_precision(smaller, precision, scratch)
        return found.kind == verdict.kind and found.reason.split(":")[:2] == verdict.reason.split(":")[:2]

    small = reduced(case, still)
    return small, judge_precision(small, precision, scratch)


def main(out: str, base: str, first: str, last: str, count: str) -> None:
    """Chunks FIRST … LAST, leaving out those that another process is at."""
    warnings.simplefilter("ignore")
    journal = Journal(Path(out))
    scratch = journal.root / "scratch" / first
    scratch.mkdir(parents=True, exist_ok=True)
    for number in range(int(first), int(last) + 1):
        lock = journal.chunk(number).with_suffix(".lock")
        lock.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(Timeout), FileLock(lock, timeout=0):
            run_chunk(journal, int(base), number, int(count), scratch)


if __name__ == "__main__":
    main(*sys.argv[1:])
