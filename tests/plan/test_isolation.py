"""Every int8 operator alone."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.plan import isolation
from mobilekit.plan.isolation import isolate
from mobilekit.plan.simulate import Source, simulated
from mobilekit.runtimes.ort import open_graph
from tests.plan.outlier import images, outlier_graph, planner_of


def test_the_spoiled_operator_stands_out(graph_of) -> None:
    """The operator that reads the cancelled value is wrong by itself; without what is cancelled none is."""
    planner = planner_of(outlier_graph(graph_of))
    found = isolate(planner.rewritten, planner.plan(), planner.operators, images())
    assert max(found.operators, key=found.operators.__getitem__) == "c"
    assert found.operators["c"] > 10.0 * found.operators["a"]
    even = planner_of(outlier_graph(graph_of, common=0.0))
    calm = isolate(even.rewritten, even.plan(), even.operators, images())
    assert max(calm.operators.values()) < 0.01


def test_the_error_of_a_value_is_that_of_its_rounding(graph_of) -> None:
    """The figure equals what rounding by hand gives, over the signal's variance."""
    planner = planner_of(outlier_graph(graph_of))
    plan, feed = planner.plan(), images()[:1]
    found = isolate(planner.rewritten, plan, planner.operators, feed)
    source = Source(kind="value", name="ra")
    altered = simulated(planner.rewritten, plan, planner.operators, sources=[source])
    with (
        open_graph(planner.rewritten, taps=["ra"]) as exact,
        open_graph(altered, taps=["ra"], integers=False) as rough,
    ):
        want, got = (s.run(feed[0], taps=["ra"])["ra"].astype(np.float64) for s in (exact, rough))
    assert found.of(source) == pytest.approx(
        np.sum((want - got) ** 2) / np.sum((want - want.mean()) ** 2), rel=1e-3
    )


def test_a_large_network_is_looked_at_in_parts(graph_of, monkeypatch: pytest.MonkeyPatch) -> None:
    """Part by part the figures are the same."""
    planner = planner_of(outlier_graph(graph_of))
    whole = isolate(planner.rewritten, planner.plan(), planner.operators, images())
    monkeypatch.setattr(isolation, "BYTES_PER_RUN", 1)
    parts = isolate(planner.rewritten, planner.plan(), planner.operators, images())
    assert parts.operators == pytest.approx(whole.operators, rel=1e-4)
    assert parts.values == pytest.approx(whole.values, rel=1e-4)
