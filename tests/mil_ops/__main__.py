"""All of coremltools' op tests through the reference evaluator: writes ``results.json`` and ``docs/oracle.md``.

python -m tests.mil_ops [--add] [iOS17/test_conv.py ...]   ends with 1 if less than 99 % of the applicable are right

Named files are only tried and told about; nothing is written, unless ``--add`` adds them to results that are without
them. With PyTorch in the environment the further cases that
need it run too, and are kept apart.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.mil_ops import document, results
from tests.mil_ops.sweep import sweep
from tests.mil_ops.worker import files


def main() -> int:
    """Run, report, write; the exit status."""
    named = [word for word in sys.argv[1:] if word != "--add"]
    started, names = time.monotonic(), named or files()
    events = []
    with tempfile.TemporaryDirectory() as folder:
        for of_file in sweep(names, Path(folder)):
            events += of_file
            sys.stderr.write(f"{sum('case' in event for event in events)} cases\n")
    found = results.of_events(events)
    if not named or "--add" in sys.argv[1:]:
        write({**found, "structure": results.structure()}, add=bool(named))
    sys.stdout.writelines(f"{name}: {detail}\n" for name, detail in found["wrong"].items())
    counts, share = results.totals(found), results.share_right(found)
    listed = ", ".join(f"{counts[outcome]} {outcome}" for outcome in results.OUTCOMES)
    sys.stdout.write(
        f"\n{found['collected']} cases: {listed}; {100 * share:.2f} % of the applicable are right; "
    )
    sys.stdout.write(f"{found['outputs compared']} outputs compared; {time.monotonic() - started:.0f} s\n")
    return int(share < results.LEAST_RIGHT)


def write(found: dict[str, Any], *, add: bool) -> None:
    """Keep a run, or add its files to the one that is kept; with and without PyTorch apart."""
    key, kept = results.WITHOUT_TORCH, results.committed()
    if importlib.util.find_spec("torch"):
        key = results.WITH_TORCH
    kept[key] = results.merged(kept[key], found) if add else found
    results.FILE.write_text(results.as_text(kept), encoding="utf-8")
    document.FILE.write_text(document.document(kept), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
