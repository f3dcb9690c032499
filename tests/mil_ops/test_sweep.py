"""A case that hangs or kills its process is wrong, and the cases after it run all the same."""

import json
import sys

import pytest

from tests.mil_ops import sweep

_CHILD = """
import json, os, sys, time
from pathlib import Path
out = Path(sys.argv[1])
done = {json.loads(line).get("case") for line in out.read_text().splitlines()} if out.exists() else set()
with out.open("a", buffering=1) as file:
    for name in ("first", "MODE", "last"):
        if name not in done:
            file.write(json.dumps({"started": name}) + "\\n")
            if name == "hangs":
                time.sleep(60)
            if name == "kills":
                os._exit(7)
            file.write(json.dumps({"case": name, "status": "right", "detail": ""}) + "\\n")
"""


@pytest.mark.parametrize(
    ("mode", "detail"), [("hangs", "no end within 2 s"), ("kills", "ended with status 7")]
)
def test_one_bad_case(tmp_path, monkeypatch, mode, detail):
    """Three cases, the middle one bad: three outcomes."""
    real = sweep._watched

    def child(command, out, stalled_s):
        return real([sys.executable, "-c", _CHILD.replace("MODE", mode), str(out)], out, stalled_s)

    monkeypatch.setattr(sweep, "_watched", child)
    events = sweep.run_file("iOS17/test_x.py", tmp_path / "events.jsonl", stalled_s=2)
    cases = {event["case"]: event for event in events if "case" in event}
    assert {name: case["status"] for name, case in cases.items()} == {
        "first": "right",
        mode: "wrong",
        "last": "right",
    }
    assert detail in cases[mode]["detail"]


def test_a_file_without_cases(tmp_path, monkeypatch):
    """A child that writes nothing is an error of the file, not a success."""
    monkeypatch.setattr(sweep, "_watched", lambda command, out, stalled_s: "the process ended with status 3")
    events = sweep.run_file("iOS17/test_x.py", tmp_path / "events.jsonl")
    assert events == [{"file": "iOS17/test_x.py", "error": "nothing ran (the process ended with status 3)"}]
    assert json.dumps(events)
