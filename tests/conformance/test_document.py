"""``docs/operators.md`` is generated, current, and good enough."""

import copy

import pytest

from tests.conformance import case_list, document, results, targets
from tests.conformance.__main__ import LEAST_RIGHT
from tests.conformance.runner import CRASH, REFUSED, RIGHT, SELF_CHECK, UNNAMED, WRONG, Outcome

TARGETS = tuple(targets.TARGETS.values())


def outcomes(target: targets.Target) -> dict:
    kept = results.committed(target)["operators"].values()
    return {case: found for each in kept for case, found in each.items()}


def test_the_page_is_what_the_results_make():
    """Nobody edits the page by hand."""
    assert document.page() == document.FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.name)
def test_the_results_are_about_the_list(target):
    """Every case of the list has an outcome, and no other case has."""
    assert sorted(outcomes(target)) == case_list.cases()


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.name)
def test_the_results_are_about_this_converter(target):
    """The table's lowerings and the rules are those that the results were made with: else `make conformance`."""
    assert results.committed(target)["structure"] == results.structure(target)


def test_a_new_rule_is_noticed():
    """The negative twin: results of a converter with one rule less are not these."""
    other = copy.deepcopy(results.structure())
    other["rules"].pop()
    assert other != results.structure()


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.name)
@pytest.mark.parametrize("status", [WRONG, CRASH, SELF_CHECK, UNNAMED])
def test_nothing_is_silently_wrong(target, status):
    """What is not right is refused, by name, before any work."""
    assert [case for case, kept in outcomes(target).items() if results.status(kept) == status] == []


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.name)
def test_enough_is_right(target):
    """At least 98 % of the list."""
    found = [results.status(kept) for kept in outcomes(target).values()]
    assert sum(status in RIGHT for status in found) >= LEAST_RIGHT * len(found)


def test_results_of_some_operators():
    """They replace those operators' only, and say nothing of the rules that the others were tried with."""
    kept = {
        "operators": {"Abs": {"a": "exact"}, "Neg": {"n": "exact"}},
        "structure": {"rules": ["old"]},
        "tools": {},
    }
    found = results.merged(kept, [Outcome(case="n", operator="Neg", status=CRASH, detail="why")])
    assert found["operators"] == {"Abs": {"a": "exact"}, "Neg": {"n": {"status": CRASH, "detail": "why"}}}
    assert found["structure"] == {"rules": ["old"]}


def test_accelerators_have_columns_in_the_first_table():
    """What each accepts stands beside what the CPU does; the section follows."""
    found = {
        "tools": {"onnx": "1"},
        "operators": {"Abs": {"test_abs": "exact"}, "Neg": {"test_neg": "exact"}},
        "structure": {"lowerings": [], "rules": [], "written_out": []},
    }
    cases = {"counts": {"wheel": 2, "run": 2, "left_out": {}}}
    page = document.document(
        {targets.TFLITE: found, targets.COREML: found},
        cases,
        columns={"GPU accepts": {"Abs": "1"}},
        section="## Accelerators",
    )
    assert "| operator | cases | exact | exact by rewriting | refused | GPU accepts | why |" in page
    assert "| Abs | 1 | 1 |  |  | 1 |  |" in page
    assert "| Neg | 1 | 1 |  |  |  |  |" in page
    assert page.count("GPU accepts | why") == 1
    assert page.index("## Accelerators") < page.index("## Cases left out")


def test_reasons_are_shown():
    """A refused case appears with its reason, without the name of its node."""
    detail = (
        "UnsupportedOperatorError: no exact form for Det, opset 22, node y/1: no rule for it; leave it out"
    )
    found = {
        "tools": {"onnx": "1"},
        "operators": {
            "Det": {"test_det": {"status": REFUSED, "detail": detail}},
            "Abs": {"test_abs": "exact"},
        },
        "structure": {
            "lowerings": ["Abs since 13"],
            "rules": ["tan: Tan Sin", "dynamic: NonZero"],
            "written_out": ["Gelu"],
        },
    }
    cases = {"counts": {"wheel": 3, "run": 2, "left_out": {"strings": 1}}}
    page = document.document({targets.TFLITE: found}, cases)
    assert "| Abs | 1 | 1 |  |  |  |" in page
    assert "| Det | 1 |  |  | 1 | no rule for it |" in page
    assert "**1 of 2 cases are right (50.0 %)**: 1 exact, 1 refused." in page
    assert "Converted: Gelu, Sin, Tan." in page
    assert "Refused, whatever their attributes: NonZero." in page
    assert "| strings | 1 |" in page
