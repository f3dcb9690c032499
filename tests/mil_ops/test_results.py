"""The committed results: good enough, about this evaluator, and with nothing that passes for want of comparing."""

import pytest

from mobilekit.runtimes.mil_reference.registry import table
from tests.mil_ops import document, exclusions, results
from tests.mil_ops.statuses import FAILED, NOTHING, RIGHT, SKIPPED, WRONG

RUNS = [run for run in (results.WITHOUT_TORCH, results.WITH_TORCH) if run in results.committed()]


def case(
    status: str, detail: str = "", *, name: str = "iOS17/test_x.py::TestX::test_y[fp32]", outputs: int = 0
) -> dict:
    return {"case": name, "status": status, "detail": detail, "outputs": outputs, "operators": ["relu"]}


def test_the_page_is_what_the_results_make():
    """Nobody edits the page by hand."""
    assert document.document(results.committed()) == document.FILE.read_text(encoding="utf-8")


def test_the_results_are_about_this_evaluator():
    """The ops are those that the results were made with: else `make conformance`."""
    assert [run for run in RUNS if results.committed()[run]["structure"] != results.structure()] == []


def test_a_new_op_is_noticed():
    """The negative twin: results of an evaluator with one op less are not these."""
    other = results.structure()
    other["ops"].popitem()
    assert other != results.structure()


@pytest.mark.parametrize("run", RUNS)
def test_enough_is_right(run):
    """At least 99 % of the applicable cases, and so many that the share means something."""
    found = results.committed()[run]
    assert results.share_right(found) >= results.LEAST_RIGHT
    assert found["outputs compared"] >= results.totals(found)[RIGHT] >= 3000


def test_every_op_has_cases_or_is_known_to_have_none():
    """An op of the evaluator that no case compares is listed here, and tested beside the evaluator only."""
    compared = {
        op
        for run in RUNS
        for op, counts in results.committed()[run]["operators"].items()
        if any(counts.values())
    }
    assert set(table()) - compared == WITHOUT_CASE


def test_outcomes():
    """A failure that no rule explains is wrong, and so is a case that compared and differed."""
    events = [
        case(RIGHT, outputs=2, name="a.py::T::r[fp32]"),
        case(WRONG, "error 1, allowed 0.1", name="a.py::T::w[fp16]"),
        case(FAILED, "KeyError: 'x'", name="a.py::T::f[fp32]"),
        case(NOTHING, name="a.py::T::n"),
        case(SKIPPED, "Skipped: no torch", name="a.py::T::s"),
    ]
    found = results.of_events(events)
    assert found["files"] == {"a.py": {"excluded": 2, "right": 1, "wrong": 2}}
    assert found["operators"] == {"relu": {"right fp32": 1, "wrong fp16": 1, "wrong fp32": 1}}
    assert found["outputs compared"] == 2
    assert results.share_right(found) == pytest.approx(1 / 3)
    assert sorted(found["excluded"]) == [exclusions.NOTHING_COMPARED, "skipped by the test itself: no torch"]


def test_files_are_added():
    """To a run without them, case by case; not a second time."""
    one = {**results.of_events([case(RIGHT, outputs=2, name="a.py::T::r[fp32]")]), "structure": {}}
    events = [case(WRONG, "error", outputs=1, name="b.py::T::w[fp16]"), case(RIGHT, name="b.py::T::r[fp32]")]
    other = {**results.of_events(events), "structure": {}}
    both = results.merged({**one, "not run": ["b.py", "c.py"]}, other)
    assert both["operators"] == {"relu": {"right fp32": 2, "wrong fp16": 1}}
    assert (both["collected"], both["outputs compared"], both["not run"]) == (3, 3, ["c.py"])
    assert list(both["files"]) == ["a.py", "b.py"]
    with pytest.raises(ValueError, match="already there"):
        results.merged(both, other)
    with pytest.raises(ValueError, match="another evaluator"):
        results.merged(one, {**other, "structure": {"ops": {}}})


def test_a_right_case_is_never_left_out(monkeypatch):
    """An exclusion rule does not shrink what is compared and right."""
    monkeypatch.setattr(exclusions, "RULES", ((".", "", "everything"),))
    assert results.judged(case(RIGHT, outputs=1)) == (RIGHT, "")
    assert results.judged(case(WRONG, "error")) == ("excluded", "everything")


WITHOUT_CASE = {
    "ceil",
    "classify",
    "conv_quantized",
    "coreml_update_state",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "non_maximum_suppression",
    "rnn",
}
