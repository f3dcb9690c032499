"""Random small graphs: the converted file computes what ONNX Runtime computes, or is refused by name."""

from __future__ import annotations

import onnx
from hypothesis import HealthCheck, given, settings

from tests.fuzz.graphs import Case, cases
from tests.fuzz.judge import judge

_GRAPHS = 200


@settings(
    max_examples=_GRAPHS,
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
)
@given(case=cases(most=7))
def test_random_graphs_are_right_or_refused(case: Case):
    """200 graphs, always the same ones: no silent difference, no error but a refusal that says why."""
    verdict = judge(case)
    assert not verdict.is_finding, f"{verdict.reason}\n{verdict.detail}\n{onnx.printer.to_text(case.model)}"
