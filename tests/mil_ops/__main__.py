"""All of coremltools' op tests through the reference evaluator: writes ``results.json`` and ``docs/oracle.md``.

python -m tests.mil_ops [iOS17/test_conv.py ...]     ends with 1 if less than 99 % of the applicable cases are right

Named files are only tried and told about; nothing is written. With PyTorch in the environment the further cases that
need it run too, and are kept apart.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import time
from pathlib import Path

from tests.mil_ops import document, results
from tests.mil_ops.sweep import sweep
from tests.mil_ops.worker import files


def main() -> int:
    """Run, report, write; the exit status."""
    started, names = time.monotonic(), sys.argv[1:] or files()
    events = []
    with tempfile.TemporaryDirectory() as folder:
        for of_file in sweep(names, Path(folder)):
            events += of_file
            sys.stderr.write(f"{sum('case' in event for event in events)} cases\n")
    found = results.of_events(events)
    if not sys.argv[1:]:
        key = results.WITH_TORCH if importlib.util.find_spec("torch") else results.WITHOUT_TORCH
        kept = {**results.committed(), key: {**found, "structure": results.structure()}}
        results.FILE.write_text(results.as_text(kept), encoding="utf-8")
        document.FILE.write_text(document.document(kept), encoding="utf-8")
    sys.stdout.writelines(f"{name}: {detail}\n" for name, detail in found["wrong"].items())
    counts, share = results.totals(found), results.share_right(found)
    listed = ", ".join(f"{counts[outcome]} {outcome}" for outcome in results.OUTCOMES)
    sys.stdout.write(
        f"\n{found['collected']} cases: {listed}; {100 * share:.2f} % of the applicable are right; "
    )
    sys.stdout.write(f"{found['outputs compared']} outputs compared; {time.monotonic() - started:.0f} s\n")
    return int(share < results.LEAST_RIGHT)


if __name__ == "__main__":
    sys.exit(main())
