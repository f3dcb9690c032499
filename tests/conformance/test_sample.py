"""A fixed sample of the cases, really run: one of every operator."""

from tests.conformance import case_list, results
from tests.conformance.sweep import sweep


def sample() -> list[str]:
    """The middle one of each operator's cases that are not its definition written out, else of all."""
    chosen = []
    for operator in case_list.committed()["operators"]:
        names = case_list.cases(operator)
        own = [name for name in names if "_expanded" not in name] or names
        chosen.append(own[len(own) // 2])
    return chosen


def test_the_sample_ends_as_the_committed_results_say():
    """``docs/operators.md`` is made of those; run `make conformance` after a change of what is converted."""
    kept = {case: found for each in results.committed()["operators"].values() for case, found in each.items()}
    differing = [
        f"{outcome.line()}, was {results.status(kept[outcome.case])}"
        for outcome in sweep(sample())
        if outcome.status != results.status(kept[outcome.case])
    ]
    assert differing == []
