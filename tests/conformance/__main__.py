"""Every case of the list: prints the table, writes the results and ``docs/operators.md``.

python -m tests.conformance [tflite|coreml|coreml-fp16]… [OPERATOR…]

All targets where none is named; ends with 1 if anything is neither right nor properly refused.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence

from tests.conformance import case_list, document, results
from tests.conformance.runner import REFUSED, RIGHT, STATUSES
from tests.conformance.sweep import summary, sweep
from tests.conformance.targets import TARGETS, Target

LEAST_RIGHT = 0.98
_EVERY = 100


def main() -> int:
    """Run, report, write; the exit status."""
    chosen = [TARGETS[word] for word in sys.argv[1:] if word in TARGETS] or list(TARGETS.values())
    operators = [word for word in sys.argv[1:] if word not in TARGETS]
    failed = [run(target, operators) for target in chosen]
    document.FILE.write_text(document.page(), encoding="utf-8")
    return int(any(failed))


def run(target: Target, operators: Sequence[str]) -> bool:
    """The cases of ``operators`` (else all) for one target; whether anything is wrong with them."""
    started, names, outcomes = time.monotonic(), case_list.cases(*operators), []
    for outcome in sweep(names, target):
        outcomes.append(outcome)
        if len(outcomes) % _EVERY == 0:
            sys.stderr.write(f"{target.name}: {len(outcomes)} of {len(names)} cases\n")
    found = (
        results.merged(results.committed(target), outcomes, target)
        if operators
        else results.as_json(outcomes, target)
    )
    target.results.write_text(results.as_text(found), encoding="utf-8")
    for operator in sorted({outcome.operator for outcome in outcomes}):
        kept = found["operators"][operator]
        counts = Counter(map(results.status, kept.values()))
        shown = ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])
        sys.stdout.write(f"{target.name}  {operator:26} {len(kept):4}  {shown}\n")
    failed = [outcome for outcome in outcomes if outcome.status not in (*RIGHT, REFUSED)]
    sys.stdout.writelines(outcome.line() + "\n" for outcome in failed)
    sys.stdout.write(f"\n{target.name}: {summary(outcomes)}; {time.monotonic() - started:.0f} s\n")
    right = sum(outcome.status in RIGHT for outcome in outcomes)
    return bool(failed) or right < LEAST_RIGHT * len(outcomes)


if __name__ == "__main__":
    sys.exit(main())
