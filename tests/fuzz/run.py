"""``python -m tests.fuzz.run``: many graphs from a seed, in child processes; a killed run goes on where it was.

Prints a summary; ends with 1 if there are findings. Several runs may share one ``--out``.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tests.fuzz.graphs import operators_of
from tests.fuzz.journal import Journal, read_case, summary
from tests.fuzz.judge import Verdict, judge

_CHUNK = 20
_CHUNKS_OF_A_CHILD = 10
_SILENT_S = 240.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"))
    parser.add_argument("--again", type=Path, help="judge one finding's folder again")
    given = parser.parse_args()
    if given.again:
        verdict = judge(read_case(given.again))
        print(f"{verdict.kind}: {verdict.reason}\n{verdict.detail}")  # noqa: T201
        return int(verdict.is_finding)
    started = time.monotonic()
    journal = Journal(given.out / f"seed-{given.seed}")
    chunks = -(-given.graphs // _CHUNK)
    for first in range(0, chunks, _CHUNKS_OF_A_CHILD):
        _run(journal, given.seed, first, min(chunks, first + _CHUNKS_OF_A_CHILD) - 1)
        done = sum(1 for _ in journal.everything())
        print(f"{done} of {given.graphs} graphs, {time.monotonic() - started:.0f} s", file=sys.stderr)  # noqa: T201
    text = summary(journal, time.monotonic() - started)
    (journal.root / "summary.txt").write_text(text + "\n", encoding="utf-8")
    print(f"{text}\nfindings: {journal.root / 'findings'}")  # noqa: T201
    bad = {"finding", "crash", "hang"}
    return int(any(line["kind"] in bad for line in journal.everything()))


def _run(journal: Journal, base: int, first: int, last: int) -> None:
    """Chunks ``first`` … ``last`` in children: one that dies is followed by the next."""
    while any(len(journal.lines(c)) < _CHUNK for c in range(first, last + 1)):
        command = [
            sys.executable,
            "-m",
            "tests.fuzz.child",
            str(journal.root),
            str(base),
            str(first),
            str(last),
            str(_CHUNK),
        ]
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        kind = _wait(journal, child, first, last)
        if kind is None:
            return
        number = next(c for c in range(first, last + 1) if len(journal.lines(c)) < _CHUNK)
        current = journal.root / "scratch" / str(first) / "current"
        if not current.is_dir():  # no graph was being judged: ONNX Runtime died of one being drawn
            for _ in range(_CHUNK - len(journal.lines(number))):
                journal.append(number, {"kind": "absent", "reason": "", "operators": {}})
            continue
        case = read_case(current)
        operators = dict(Counter(operators_of(case)))
        journal.append(number, {"kind": kind[0], "reason": kind[1], "operators": operators})
        journal.keep(f"{number:05}-{len(journal.lines(number)):02}", case, Verdict(*kind))


def _wait(journal: Journal, child: subprocess.Popen, first: int, last: int) -> tuple[str, str] | None:
    """None if the child ended well; how it ended else. One that says nothing for long is ended."""
    seen, since = -1, time.monotonic()
    while child.poll() is None:
        time.sleep(0.2)
        lines = sum(len(journal.lines(c)) for c in range(first, last + 1))
        if lines != seen:
            seen, since = lines, time.monotonic()
        elif time.monotonic() - since > _SILENT_S:
            child.kill()
            child.wait()
            return "hang", f"no answer within {_SILENT_S:.0f} s"
    if child.returncode == 0:
        return None
    if child.returncode in (-signal.SIGINT, -signal.SIGTERM):
        raise KeyboardInterrupt
    return "crash", f"the process ended with {child.returncode}"


if __name__ == "__main__":
    sys.exit(main())
