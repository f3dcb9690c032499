"""A convolution in two parts is the same in float, and far more exact in int8 for a photo of little contrast."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mobilekit.convert.tflite import emit
from mobilekit.errors import PlanError
from mobilekit.metrics import psnr
from mobilekit.package.invariants import planned_convolutions
from mobilekit.plan import balance
from mobilekit.plan.planner import Planner
from mobilekit.plan.rewrite import rewritten
from mobilekit.plan.two_parts import fine_of, in_two_parts, near_of
from mobilekit.quantisation import QuantisationPlan, whole_of
from mobilekit.runtimes.litert import open_tflite
from mobilekit.runtimes.ort import open_graph
from mobilekit.source.graph import Graph
from tests.plan.norm_graph import norm_graph, photos


def test_the_same_in_float(graph_of: Callable[..., Graph]) -> None:
    """Values on both sides of ±1 arrive at the norm unchanged; no values, the same graph."""
    graph = norm_graph(graph_of)
    made = in_two_parts(graph, ("c",))
    feed = photos(0.5)[0]
    with open_graph(graph) as one, open_graph(made, taps=("c", fine_of("c"), whole_of("c"))) as two:
        want, got = one.run(feed), two.run(feed, taps=("c", fine_of("c"), whole_of("c")))
    assert np.abs(want["y"] - got["y"]).max() < 1e-5
    assert np.abs(got["c"]).max() > 1.5
    assert np.abs(got[fine_of("c")]).max() == 1.0
    assert np.abs(got["c"] - got[whole_of("c")]).max() < 1e-6
    assert in_two_parts(graph, ()) is graph


def test_what_no_norm_reads_is_refused(graph_of: Callable[..., Graph]) -> None:
    """The last convolution, a norm, and a name that nobody has."""
    graph = norm_graph(graph_of)
    for value in ("y", "n", "other"):
        with pytest.raises(PlanError, match=value):
            in_two_parts(graph, (value,))


def test_int8_keeps_a_photo_of_little_contrast(
    graph_of: Callable[..., Graph], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file in LiteRT gains more than 5 dB there, loses nothing elsewhere, and is int8 in both parts."""
    graph = norm_graph(graph_of)
    unseen = photos(0.02, 0.3)
    losses, plans = [], []
    for chosen in ((), ("c",)):
        monkeypatch.setattr(balance, "too_coarse", lambda *_, c=chosen: c)
        plan = Planner(graph, photos(0.25, 0.3), input_ranges={"x": (0.0, 1.0)}).plan()
        plans.append(plan)
        path = tmp_path / f"{len(losses)}.tflite"
        path.write_bytes(emit(rewritten(graph, plan), precision="int8", plan=plan))
        with open_graph(graph) as exact, open_tflite(path) as file:
            losses.append([psnr(exact.run(feed)["y"], file.run(feed)["y"]) or 0.0 for feed in unseen])
    assert losses[1][0] > losses[0][0] + 5.0
    assert losses[1][1] > losses[0][1] - 0.5
    plain, plan = plans
    assert plain.two_part == ()
    assert (plan.precision_of("c"), plan.precision_of(near_of("c"))) == ("int8", "int8")
    made = rewritten(graph, plan).proto().graph.node
    assert planned_convolutions(made, plan)["int8"] == 3
    assert QuantisationPlan.from_json(plan.to_json()) == plan


def test_a_tap_has_factors_and_shifts_undone(
    graph_of: Callable[..., Graph], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the coarse convolution makes is told in the model's own units."""
    graph, feed = norm_graph(graph_of), photos(0.3)[0]
    monkeypatch.setattr(balance, "too_coarse", lambda *_: ("c",))
    plan = Planner(graph, [feed]).plan()
    path = tmp_path / "int8.tflite"
    path.write_bytes(emit(rewritten(graph, plan), precision="int8", plan=plan))
    with open_graph(graph, taps=("c",)) as exact, open_tflite(path, preserve_all=True) as file:
        want, got = (session.run(feed, taps=("c",))["c"] for session in (exact, file))
    assert (psnr(want, got) or 200.0) > 30.0
