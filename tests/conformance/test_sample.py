"""A fixed sample of the cases, really run: one of every operator; of Core ML one of every third, in half precision of every fifth."""

import pytest

from tests.conformance import case_list, results
from tests.conformance.sweep import sweep
from tests.conformance.targets import COREML, COREML_FP16, TFLITE


def sample() -> list[str]:
    """The middle one of each operator's cases that are not its definition written out, else of all."""
    chosen = []
    for operator in case_list.committed()["operators"]:
        names = case_list.cases(operator)
        own = [name for name in names if "_expanded" not in name] or names
        chosen.append(own[len(own) // 2])
    return chosen


@pytest.mark.parametrize(
    ("target", "every"), [(TFLITE, 1), (COREML, 3), (COREML_FP16, 5)], ids=lambda v: getattr(v, "name", v)
)
def test_the_sample_ends_as_the_committed_results_say(target, every):
    """``docs/operators.md`` is made of those; run `make conformance` after a change of what is converted."""
    operators = results.committed(target)["operators"]
    kept = {case: found for each in operators.values() for case, found in each.items()}
    differing = [
        f"{outcome.line()}, was {results.status(kept[outcome.case])}"
        for outcome in sweep(sample()[::every], target)
        if outcome.status != results.status(kept[outcome.case])
    ]
    assert differing == []
