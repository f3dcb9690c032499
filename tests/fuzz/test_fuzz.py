"""Random small graphs: the converted file computes what ONNX Runtime computes, or is refused by name."""

from __future__ import annotations

import onnx
from hypothesis import HealthCheck, given, settings

from tests.fuzz.graphs import Case, cases, operators_of
from tests.fuzz.judge import judge

_GRAPHS = 200


def test_random_graphs_are_right_or_refused():
    """200 different graphs, always the same ones: no silent difference, no error but a refusal with a reason."""
    seen = set()

    @settings(
        max_examples=5 * _GRAPHS,  # most of them are variations
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases(most=6))
    def every_graph(case: Case) -> None:
        operators = operators_of(case)
        if operators in seen or len(seen) == _GRAPHS:
            return
        verdict = judge(case)
        assert not verdict.is_finding, (
            f"{verdict.reason}\n{verdict.detail}\n{onnx.printer.to_text(case.model)}"
        )
        seen.add(operators)

    every_graph()
    assert len(seen) == _GRAPHS
