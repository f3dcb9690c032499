"""Many cases in a process of their own: one that dies is an outcome, and the next one goes on.

python -m tests.conformance.sweep [--cases NAME… | --operators OP…] [--target NAME] [--survey FILE]
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from tests.conformance import case_list, wheel
from tests.conformance.runner import CRASH, RIGHT, Outcome, run_case
from tests.conformance.targets import TARGETS, TFLITE, Target

LONGEST_S = 120.0
"""A case that takes longer counts as hanging."""


def sweep(names: Sequence[str], target: Target = TFLITE) -> Iterator[Outcome]:
    """The outcomes of ``names`` in order."""
    left = list(names)
    while left:
        for outcome in _in_child(tuple(left), target):
            left.pop(0)
            yield outcome
            if outcome.status == CRASH and outcome.detail.startswith("process"):
                break


def _in_child(names: Sequence[str], target: Target) -> Iterator[Outcome]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_serve, args=(there, tuple(names), target.name), daemon=True)
    child.start()
    there.close()
    for name in names:
        if not here.poll(LONGEST_S):
            child.kill()
            yield _dead(name, f"process hung for {LONGEST_S:g} s")
            return
        try:
            yield here.recv()
        except EOFError:
            child.join()
            yield _dead(name, f"process died with {child.exitcode}")
            return
    child.join()


def _serve(there: Connection, names: Sequence[str], target: str) -> None:
    for name in names:
        there.send(run_case(name, TARGETS[target]))


def _dead(name: str, detail: str) -> Outcome:
    return Outcome(case=name, operator=wheel.operator(name), status=CRASH, detail=detail)


def summary(outcomes: Sequence[Outcome]) -> str:
    """How many cases ended how."""
    counts = Counter(outcome.status for outcome in outcomes)
    right = sum(counts[status] for status in RIGHT)
    listed = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    return f"{right} of {len(outcomes)} right ({right / max(1, len(outcomes)):.1%}): {listed}"


def main() -> None:
    """Run what is named and print a line a case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="*", default=[])
    parser.add_argument("--operators", nargs="*", default=[])
    parser.add_argument("--target", choices=TARGETS, default=TFLITE.name)
    parser.add_argument("--survey", type=Path)
    chosen = parser.parse_args()
    names = chosen.cases or case_list.cases(*chosen.operators)
    started = time.monotonic()
    outcomes = []
    for outcome in sweep(names, TARGETS[chosen.target]):
        outcomes.append(outcome)
        if chosen.survey is None:
            sys.stdout.write(outcome.line() + "\n")
    if chosen.survey is not None:
        lines = sorted(outcome.line() for outcome in outcomes)
        chosen.survey.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"{summary(outcomes)}; {time.monotonic() - started:.0f} s\n")


if __name__ == "__main__":
    main()
