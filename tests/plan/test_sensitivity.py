"""What single roundings cost at the outputs."""

from __future__ import annotations

import numpy as np
import pytest

from mobilekit.metrics import psnr
from mobilekit.plan import sensitivity
from mobilekit.plan.sensitivity import Sensitivity, analyse
from mobilekit.plan.simulate import simulated, sources_of
from mobilekit.runtimes.ort import open_graph
from tests.plan.outlier import TEXT, images, outlier_graph, outlier_weights, planner_of


def analysed(graph_of, common: float = 4.0) -> Sensitivity:
    """The sensitivity of the network's plan."""
    planner = planner_of(outlier_graph(graph_of, common))
    return analyse(planner.rewritten, planner.plan(), planner.operators, images())


def test_the_spoiled_value_costs_most(graph_of) -> None:
    """Nearly all noise at the output comes from the cancelled value."""
    found = analysed(graph_of)
    loudest = max(found.effects, key=lambda s: float(found.effects[s].mean()))
    assert (loudest.kind, loudest.name) == ("value", "rb")
    assert found.measured == found.effects.keys()
    assert found.runs == 2 * len(found.effects)


def test_noises_add_up_to_what_all_make_together(graph_of) -> None:
    """The sum of single effects foresees the whole within 1.5 dB."""
    planner = planner_of(outlier_graph(graph_of, common=0.02))
    plan = planner.plan()
    found = analyse(planner.rewritten, plan, planner.operators, images())
    sources = sources_of(planner.operators, plan.operators)
    altered = simulated(planner.rewritten, plan, planner.operators, sources=sources)
    with open_graph(planner.rewritten) as exact, open_graph(altered, integers=False) as rough:
        whole = [psnr(exact.run(feed)["y"], rough.run(feed)["y"]) for feed in images()]
    foreseen = -10.0 * np.log10(found.total(sources)[0])
    assert foreseen == pytest.approx(whole, abs=1.5)


def test_the_cost_is_bounded_and_the_rest_estimated(graph_of, monkeypatch) -> None:
    """With runs for two sources only, the loudest alone are measured, and every source has an effect."""
    monkeypatch.setattr(sensitivity, "most_runs", lambda graph: 4)
    seen: list[tuple[int, int]] = []
    planner = planner_of(outlier_graph(graph_of))
    found = analyse(
        planner.rewritten, planner.plan(), planner.operators, images(), progress=lambda *now: seen.append(now)
    )
    assert len(found.measured) == 2
    assert found.runs == 4
    assert set(found.effects) == set(sources_of(planner.operators, planner.plan().operators))
    assert seen[-1] == (2, 2)


def test_runs_shrink_with_the_work(graph_of) -> None:
    """A graph of more work is run less often, but never less than a few times."""
    graph = outlier_graph(graph_of)
    assert sensitivity.most_runs(graph) == sensitivity.MOST_RUNS


def test_integer_outputs_are_estimated(graph_of) -> None:
    """Where no output is float, what operators lose by themselves orders them; nothing is run for it."""
    text = TEXT.replace("float[1, 3, 16, 16] y", "int64[1, 1, 16, 16] k").replace(
        "}", "k = ArgMax<axis = 1>(y) }"
    )
    planner = planner_of(graph_of(text, outlier_weights(1.0)))
    found = analyse(planner.rewritten, planner.plan(), planner.operators, images())
    assert found.outputs == ("k",)
    assert found.runs == 0
    assert max(found.effects, key=lambda s: float(found.effects[s].mean())).name == "c"
