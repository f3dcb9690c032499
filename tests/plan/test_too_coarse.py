"""Two parts are for convolutions whose rounding is seen at the outputs, and cheap enough."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mobilekit.plan import too_coarse as chooser
from mobilekit.plan.balance import balanced
from mobilekit.source.graph import Graph
from tests.plan.norm_graph import norm_graph, photos

POOR = photos(0.3, 0.3, 0.02)


def test_a_photo_of_little_contrast_asks_for_it(
    graph_of: Callable[..., Graph], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With it among the photos the convolution is chosen; not without, and not where it costs too much."""
    graph = norm_graph(graph_of)
    monkeypatch.setattr(chooser, "MOST_EACH", 0.6)
    monkeypatch.setattr(chooser, "MOST_WORK", 0.6)
    made = balanced(graph, POOR)
    assert made.two_part == ("c",)
    assert balanced(graph, POOR) == made
    assert set(made.ranges) >= {"c", "c/fine"}
    monkeypatch.setattr(chooser, "LOUD", 1e-2)
    assert balanced(graph, POOR).two_part == ()


def test_what_costs_too_much_is_left(graph_of: Callable[..., Graph]) -> None:
    """Half of the work is above the bound, whatever it would gain; the factors are those of one part."""
    made = balanced(norm_graph(graph_of), POOR)
    assert made.two_part == ()
    assert made.factors["c"]


def test_the_rewritten_graph_is_that_of_the_balance(
    graph_of: Callable[..., Graph], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Statistics keep the choice: the same balance comes back, and the same graph."""
    graph = norm_graph(graph_of)
    monkeypatch.setattr(chooser, "MOST_EACH", 0.6)
    monkeypatch.setattr(chooser, "MOST_WORK", 0.6)
    made = balanced(graph, POOR)
    again = made.of(made.rewrites)
    assert again == made
    assert again.rewritten(graph).digest == made.rewritten(graph).digest
