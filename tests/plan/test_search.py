"""The least float within a budget: measured files, reasons, bounds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mobilekit.convert.tflite import emit
from mobilekit.metrics import psnr
from mobilekit.plan.int16 import Int16Planner
from mobilekit.plan.planner import Planner
from mobilekit.plan.search import MOST_FILES, Found, Shortfalls, search, with_more_bits
from mobilekit.plan.sensitivity import analyse
from mobilekit.quantisation import QuantisationPlan
from mobilekit.runtimes.litert import open_tflite
from mobilekit.runtimes.ort import open_graph
from tests.plan.outlier import images, outlier_graph, planner_of


def measured(planner: Planner, folder: Path, least: float) -> Callable[[QuantisationPlan], Shortfalls]:
    """Writes a plan's file, runs it, and says what the mean PSNR of ``y`` lacks."""

    def measure(plan: QuantisationPlan) -> Shortfalls:
        path = folder / "tried.tflite"
        path.write_bytes(emit(planner.rewritten, precision="int8", plan=plan))
        with open_graph(planner.rewritten) as exact, open_tflite(path) as file:
            found = [psnr(exact.run(feed)["y"], file.run(feed)["y"]) for feed in images()]
        return {"y": least - float(np.mean([dB for dB in found if dB is not None]))}

    return measure


def searched(graph_of, folder: Path, least: float, **more: float) -> tuple[Planner, Found]:
    """Search the spoiled network for ``least`` dB."""
    planner = planner_of(outlier_graph(graph_of))
    sensitivity = analyse(planner.rewritten, planner.plan(), planner.operators, images())
    return planner, search(planner, sensitivity, measured(planner, folder, least), **more)


def test_only_what_spoils_becomes_float(graph_of, tmp_path) -> None:
    """The two convolutions around the cancelled value are float, the others stay int8; the reason says why."""
    _, found = searched(graph_of, tmp_path, 36.0)
    assert found.before["y"] > 0.0 >= found.after["y"]
    assert found.within
    floats = {n for n, p in found.plan.operators.items() if p.precision == "fp16-weights"}
    assert floats == {"b", "c"}
    reason = found.plan.operators["b"].reason
    assert reason.startswith("sensitivity: output y gains ")
    assert reason.endswith("% of the multiply-adds")
    assert found.files <= MOST_FILES


def test_a_plan_within_the_budget_stays(graph_of, tmp_path) -> None:
    """Nothing is made float, and one file is all that is measured."""
    planner, found = searched(graph_of, tmp_path, 1.0)
    assert found.plan == planner.plan()
    assert found.kept == ()
    assert found.files == 1


def test_a_limit_on_float_work_holds(graph_of, tmp_path) -> None:
    """With no work to spare the search ends without the budget, and says so."""
    _, found = searched(graph_of, tmp_path, 36.0, most_float=0.1)
    assert not found.within
    assert all(p.precision != "fp16-weights" for n, p in found.plan.operators.items() if n in ("b", "c"))


def test_the_same_search_gives_the_same_plan(graph_of, tmp_path) -> None:
    """Twice the same bytes."""
    first, second = (searched(graph_of, tmp_path, 36.0)[1].plan.to_json() for _ in range(2))
    assert first == second


def test_floats_keep_exact_weights(graph_of, tmp_path) -> None:
    """Weights of what a search made float are half-precision numbers, not bytes."""
    planner = planner_of(outlier_graph(graph_of))
    plan = with_more_bits(planner, {"b": "why"})
    assert plan.operators["b"].precision == "fp16-weights"
    assert plan.operators["b"].reason == "why"
    sizes = [len(emit(planner.rewritten, precision="int8", plan=p)) for p in (planner.plan(), plan)]
    assert sizes[1] - sizes[0] == pytest.approx(planner_weights(), abs=1500)


def planner_weights() -> int:
    """Bytes that the weights of ``b`` take more as halves than as bytes."""
    return 8 * 8 * 3 * 3


def test_int16_takes_the_place_of_float(graph_of, tmp_path) -> None:
    """For an accelerator of integers the same operators have 16-bit activations, and none is made float."""
    planner = planner_of(outlier_graph(graph_of))
    plan = planner.plan()
    sensitivity = analyse(planner.rewritten, plan, planner.operators, images())
    int16 = Int16Planner(
        planner.graph,
        images(),
        equalisation=plan.equalisation,
        shifts=plan.shifts,
        input_ranges={"x": (0.0, 1.0)},
    )
    found = search(planner, sensitivity, measured(planner, tmp_path, 36.0), int16=int16)
    assert found.within
    wide = {n: p.reason for n, p in found.plan.operators.items() if p.precision == "int16"}
    assert {"b", "c"} <= set(wide)
    assert all(reason.startswith("sensitivity:") for reason in wide.values())
    floats = {n for n, p in found.plan.operators.items() if p.precision == "float"}
    assert floats == {n for n, p in plan.operators.items() if p.precision == "float"}
