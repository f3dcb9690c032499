"""A sample of coremltools' op tests, really run, and the proof that a wrong evaluator does not pass them."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.mil_ops import results, worker
from tests.mil_ops.statuses import RIGHT, WRONG
from tests.mil_ops.sweep import _ROOT

LEAST_COMPARED = 150

_BROKEN = """
import sys
from pathlib import Path
from mobilekit.runtimes.mil_reference import registry
from tests.mil_ops import worker

def broken(call):
    value = entry.kernel(call)
    return {change}

(entry,) = registry.table()[{op!r}]
changed = registry.Entry(op=entry.op, since=entry.since, kernel=broken, exact=entry.exact)
table = {{**registry.table(), {op!r}: (changed,)}}
registry.table = lambda: table
sys.exit(worker.run([{file!r}], Path(sys.argv[1]), lambda items: [i for i in items if {chosen!r} in i.nodeid]))
"""


def cases(folder: Path, *command: str) -> list[dict]:
    """What a worker in a process of its own wrote."""
    out = folder / "events.jsonl"
    arguments = [str(out) if word == "OUT" else word for word in command]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, *arguments],
        cwd=_ROOT,
        env=environment,
        capture_output=True,
        timeout=600,
        check=False,
    )
    events = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    return [event for event in events if "case" in event]


def test_the_sample_ends_as_the_committed_results_say(tmp_path):
    """Of each class of tests a case in either precision is right, unless the results list it as wrong or excluded."""
    known = {name for run in results.committed().values() for name in run["wrong"]}
    found = cases(tmp_path, "-m", "tests.mil_ops.worker", "--sample", "OUT", *worker.files())
    differing = [
        f"{case['case']}: {case['status']}, {case['detail']}"
        for case in found
        if results.judged(case)[0] == WRONG and case["case"] not in known
    ]
    assert differing == []
    compared = [case for case in found if case["status"] == RIGHT]
    assert len(compared) >= LEAST_COMPARED
    assert all(case["outputs"] and (case["operators"] or "while" in case["case"]) for case in compared)


SOFTPLUS = ("softplus", "iOS14/test_activation.py", "TestSoftplus::test_builder_to_backend_smoke")
ARGSORT = ("argsort", "iOS14/test_tensor_operation.py", "TestArgSort::test_builder_to_backend")


@pytest.mark.parametrize(
    ("case", "change", "status"),
    [(SOFTPLUS, "value", RIGHT), (SOFTPLUS, "value * 1.03", WRONG), (ARGSORT, "value[::-1]", WRONG)],
)
def test_a_broken_op_is_found(tmp_path, case, change, status):
    """Every case that looks at an op is wrong once the op is; with the op as it is, every one is right."""
    op, file, chosen = case
    found = cases(tmp_path, "-c", _BROKEN.format(op=op, file=file, chosen=chosen, change=change), "OUT")
    assert {op} <= set().union(*(each["operators"] for each in found))
    assert Counter(each["status"] for each in found) == {status: len(found)}
