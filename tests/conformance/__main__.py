"""Every case of the list: prints the table, writes ``results.json`` and ``docs/operators.md``.

python -m tests.conformance          ends with 1 if anything is neither right nor properly refused
"""

from __future__ import annotations

import sys
import time
from collections import Counter

from tests.conformance import case_list, document, results
from tests.conformance.runner import REFUSED, RIGHT, STATUSES
from tests.conformance.sweep import summary, sweep

LEAST_RIGHT = 0.98
_EVERY = 100


def main() -> int:
    """Run, report, write; the exit status."""
    started, names, outcomes = time.monotonic(), case_list.cases(*sys.argv[1:]), []
    for outcome in sweep(names):
        outcomes.append(outcome)
        if len(outcomes) % _EVERY == 0:
            sys.stderr.write(f"{len(outcomes)} of {len(names)} cases\n")
    found = results.merged(results.committed(), outcomes) if sys.argv[1:] else results.as_json(outcomes)
    results.FILE.write_text(results.as_text(found), encoding="utf-8")
    document.FILE.write_text(document.document(found, case_list.committed()), encoding="utf-8")
    for operator in sorted({outcome.operator for outcome in outcomes}):
        kept = found["operators"][operator]
        counts = Counter(map(results.status, kept.values()))
        shown = ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])
        sys.stdout.write(f"{operator:26} {len(kept):4}  {shown}\n")
    failed = [outcome for outcome in outcomes if outcome.status not in (*RIGHT, REFUSED)]
    sys.stdout.writelines(outcome.line() + "\n" for outcome in failed)
    sys.stdout.write(f"\n{summary(outcomes)}; {time.monotonic() - started:.0f} s\n")
    right = sum(outcome.status in RIGHT for outcome in outcomes)
    return int(bool(failed) or right < LEAST_RIGHT * len(outcomes))


if __name__ == "__main__":
    sys.exit(main())
