"""Where a .tflite file spends its time: every operator as it runs in the file, summed per kind.

The times are those of LiteRT's own profiler, inside XNNPACK as outside (* marks LiteRT's builtin kernels,
which are slow ones), the least of some rounds each: operators that XNNPACK merges are one, what it adds is
listed. Inputs are zero. --sequence lists the dearest operators in their order instead.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

from _litert_profiler import Event, profile
from _measure import table

_SHARE = 0.003
"""Kinds below this share of the whole are summed."""


def kinds(events: list[Event]) -> list[list[object]]:
    """Kind, count and milliseconds, dearest first."""
    spent: dict[str, list[float]] = defaultdict(list)
    for event in events:
        spent[_said(event)].append(event.milliseconds)
    total = sum(map(sum, spent.values()))
    rows: list[list[object]] = []
    rest: list[float] = []
    for name, values in sorted(spent.items(), key=lambda item: -sum(item[1])):
        if sum(values) < _SHARE * total:
            rest += values
        else:
            rows.append([name, len(values), sum(values)])
    return [*rows, ["others", len(rest), sum(rest)], ["all", len(events), total]]


def sequence(events: list[Event], top: int) -> list[list[object]]:
    """Place, kind and milliseconds of the ``top`` dearest operators, in their order."""
    dearest = sorted(range(len(events)), key=lambda i: -events[i].milliseconds)[:top]
    return [[i, _said(events[i]), events[i].milliseconds] for i in sorted(dearest)]


def _said(event: Event) -> str:
    return event.name if event.delegated else f"* {event.name}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=40, help="inferences of each file (default 40)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sequence", type=int, metavar="N", help="the N dearest operators in their order")
    given = parser.parse_args()
    for path in given.files:
        events = profile(path, rounds=given.rounds, threads=given.threads)
        print(f"\n{path}")
        if given.sequence:
            table(["place", "operator", "ms"], sequence(events, given.sequence))
        else:
            table(["operator", "count", "ms"], kinds(events))


if __name__ == "__main__":
    main()
