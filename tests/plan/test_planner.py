"""A planner learns a graph once and plans it again for any choice of operators."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from mobilekit.errors import PlanError
from mobilekit.plan.api import plan_int8
from mobilekit.plan.planner import Planner
from mobilekit.source.graph import Graph

RNG = np.random.default_rng(0)
WEIGHTS = {"w": RNG.normal(size=(4, 3, 3, 3)), "u": RNG.normal(size=(4, 4, 1, 1))}
TEXT = """
g (float[1, 3, 12, 12] x) => (float[1, 4, 10, 10] y) {
    a = Conv(x, w)
    b = LeakyRelu<alpha = 0.5>(a)
    c = Conv(b, u)
    d = Conv(c, u)
    y = Sigmoid(d)
}"""


class Counted(list):  # type: ignore[type-arg]
    """Samples that count how often they were gone through."""

    passes = 0

    def __iter__(self) -> Iterator[object]:
        self.passes += 1
        return super().__iter__()


def feeds() -> list[dict[str, np.ndarray]]:
    """Seeded images in 0…1."""
    return [{"x": np.random.default_rng(seed).random((1, 3, 12, 12)).astype(np.float32)} for seed in range(3)]


def test_replans_are_the_plans_of_plan_int8(graph_of: Callable[..., Graph]) -> None:
    """With what is denied float for the reason given, and the same as a plan made for it alone."""
    graph = graph_of(TEXT, WEIGHTS)
    planner = Planner(graph, feeds())
    whole = planner.plan()
    mixed = planner.plan(denied={"c": "too coarse"})
    assert whole.precision_of("c") == "int8"
    assert mixed.operators["c"].reason.startswith("too coarse")
    assert mixed.precision_of("c") != "int8"
    assert mixed == plan_int8(graph, feeds(), denied={"c": "too coarse"})
    assert planner.plan() == whole == plan_int8(graph, feeds())


def test_samples_run_once_after_observe_all(graph_of: Callable[..., Graph]) -> None:
    """Whatever is denied later; without it a plan that needs more values observes those."""
    graph = graph_of(TEXT, WEIGHTS)
    samples = Counted(feeds())
    planner = Planner(graph, samples)
    planner.observe_all()
    before = samples.passes
    for name in [o.name for o in planner.operators]:
        planner.plan(denied={name: "to see"})
    assert samples.passes == before


def test_denying_nothing_and_the_unknown(graph_of: Callable[..., Graph]) -> None:
    """An empty choice is no choice; a name that no operator has is an error."""
    planner = Planner(graph_of(TEXT, WEIGHTS), feeds())
    assert planner.plan(denied={}) == planner.plan()
    with pytest.raises(PlanError, match="named nowhere, somewhere"):
        planner.plan(denied={"nowhere": "", "somewhere": ""})
