"""What is observed of samples is kept: plans from a recording are those of the samples."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mobilekit.calibrate.observe import observe
from mobilekit.calibrate.recording import Half, Recorder
from mobilekit.calibrate.samples import SampleSource, given_samples
from mobilekit.calibrate.statistics import Statistics
from mobilekit.errors import InputDataError, PlanError
from mobilekit.plan.api import plan_int8
from mobilekit.plan.int16 import plan_w8a16
from mobilekit.plan.planner import Planner
from mobilekit.source.graph import Graph
from mobilekit.tensors import DType, TensorSpec
from tests.plan.conftest import make_graph

RNG = np.random.default_rng(0)
WEIGHTS = {
    "w": RNG.normal(size=(4, 3, 3, 3)),
    "u": RNG.normal(size=(4, 4, 1, 1)),
    "one": np.ones((1, 4, 1, 1)),
    "nought": np.zeros((1, 4, 1, 1)),
    "epsilon": np.full((1, 4, 1, 1), 1e-5),
}
TEXT = """
g (float[1, 3, 80, 80] x) => (float[1, 4, 78, 78] y) {
    a = Conv(x, w)
    n = mobilekit.Normalize<axes = [2, 3]>(a, one, nought, epsilon)
    b = Relu(n)
    c = Conv(b, u)
    y = Sigmoid(c)
}"""


def graph() -> Graph:
    return make_graph(TEXT, WEIGHTS)


def samples(count: int, start: int = 0) -> SampleSource:
    specs = (TensorSpec(name="x", dtype=DType.FLOAT32, shape=(1, 3, 80, 80)),)
    feeds = [
        {"x": np.random.default_rng(start + seed).random((1, 3, 80, 80)).astype(np.float32)}
        for seed in range(count)
    ]
    return given_samples(specs, feeds)


def named(source: SampleSource, start: int = 0) -> list[tuple[str, str]]:
    return [(f"photo{start + index}", f"{start + index:064x}") for index in range(len(source))]


def recorded(
    of: Graph, source: SampleSource, *, like: Statistics | None = None, start: int = 0
) -> Statistics:
    """Statistics with all that int8 and int16 plans need."""
    recorder = Recorder(samples=source, rewrites=like.rewrites if like else None)
    planner = Planner(of, recorder)
    planner.observe_all()
    plan_w8a16(of, recorder)
    return recorder.statistics(of.digest, named(source, start), rewrites=planner.rewrites)


@pytest.mark.parametrize("method", [plan_int8, plan_w8a16])
def test_a_plan_from_statistics_is_that_of_the_samples(method: Callable[..., object]) -> None:
    """Byte for byte, equalisation and ranges included, through the file and without a single run."""
    net, source = graph(), samples(5)
    again = Statistics.from_json(recorded(net, source).to_json())
    assert method(net, again) == method(net, source)


def test_halves_are_the_even_and_the_odd_feeds() -> None:
    """In order, both together all of them; of one sample the second half is empty."""
    source = samples(5)
    even, odd = Half(samples=source, first=0), Half(samples=source, first=1)
    assert (len(even), len(odd)) == (3, 2)
    firsts = [feed["x"][0, 0, 0, 0] for feed in (*even, *odd)]
    assert firsts == [source[i]["x"][0, 0, 0, 0] for i in (0, 2, 4, 1, 3)]
    assert len(Half(samples=samples(1), first=1)) == 0


def test_a_recorder_observes_each_half_once() -> None:
    """Values asked for twice are observed once; the halves merge to what the whole gives."""
    net, source = graph(), samples(4)
    recorder = Recorder(samples=source)
    steps: list[tuple[int, int]] = []
    first = observe(
        net, recorder, values=["b", "c"], progress=lambda done, total: steps.append((done, total))
    )
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert first == observe(net, source, values=["b", "c"])
    observe(net, recorder, values=["b"], progress=lambda done, total: steps.append((done, total)))
    assert len(steps) == 4
    assert recorder.log.even[f"{net.digest} extremes"].values["b"].photos == 2


def test_shards_merge_to_the_statistics_of_all() -> None:
    """With the first shard's equalisation: the same numbers as all photos at once, in either order."""
    net = graph()
    first = recorded(net, samples(3))
    second = recorded(net, samples(2, start=3), like=first, start=3)
    merged = first.merge(second)
    assert merged == recorded(net, samples(5), like=first)
    assert second.merge(first).to_json() == merged.to_json()


def test_shards_of_their_own_equalisation_do_not_merge() -> None:
    """Their values are of differently rewritten graphs: the message says what to do."""
    net = graph()
    with pytest.raises(PlanError, match="equalise channels differently") as caught:
        recorded(net, samples(3)).merge(recorded(net, samples(2, start=3), start=3))
    assert "--like" in caught.value.hint


def test_a_photo_does_not_count_twice() -> None:
    """The same photo in two files is an error that names it."""
    net = graph()
    first = recorded(net, samples(3))
    with pytest.raises(InputDataError, match="photo0"):
        first.merge(recorded(net, samples(3), like=first))


def test_statistics_of_another_graph_are_refused() -> None:
    """By name of the file where it is checked, and value by value where a plan asks."""
    net, other = graph(), make_graph(TEXT.replace("Sigmoid", "Tanh"), WEIGHTS)
    found = recorded(net, samples(2))
    found.check_graph(net.digest, where="a.json")
    with pytest.raises(PlanError, match=r"a\.json has statistics of another graph"):
        found.check_graph(other.digest, where="a.json")
    with pytest.raises(PlanError, match="the statistics are of another graph"):
        plan_int8(other, found)
    with pytest.raises(PlanError, match="two graphs"):
        found.merge(replace(found, graph_digest=other.digest))


def test_a_value_that_was_not_recorded_is_named() -> None:
    """Extremes serve for samples of the same value, not the other way round."""
    net = graph()
    recorder = Recorder(samples=samples(2))
    observe(net, recorder, values=["b"], extremes=False)
    observe(net, recorder, values=["c"], extremes=True)
    found = recorder.statistics(net.digest, [], rewrites={})
    assert list(observe(net, found, values=["c"], extremes=False).values) == ["c"]
    with pytest.raises(PlanError, match="no extremes of b"):
        observe(net, found, values=["b"], extremes=True)
    with pytest.raises(PlanError, match="nothing of this graph about a"):
        observe(net, found, values=["a"], extremes=False)
    with pytest.raises(PlanError, match="8 samples"):
        found.spread(8)


@pytest.mark.parametrize("damage", ["{", '{"format": "mobilekit-plan/1"}', "[]", "null"])
def test_a_damaged_file_is_an_error(damage: str) -> None:
    """It names the file and the command that makes a good one; a file of its own format is read."""
    with pytest.raises(InputDataError, match=r"a\.json has no calibration statistics") as caught:
        Statistics.from_json(damage, where="a.json")
    assert "mobilekit calibrate" in caught.value.hint
    good = recorded(graph(), samples(2))
    assert Statistics.from_json(json.dumps(json.loads(good.to_json()))) == good
