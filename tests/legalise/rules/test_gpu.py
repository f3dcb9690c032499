"""The profile of the GPU: the same values, in forms that its published list takes."""

import numpy as np
import pytest

from mobilekit.convert.tflite.api import draft
from mobilekit.convert.tflite.delegates.operators import operators_of_draft
from mobilekit.convert.tflite.delegates.predict import predict
from mobilekit.convert.tflite.delegates.published import published_lists
from mobilekit.legalise.legality import check_legal
from mobilekit.legalise.pipeline import legalise
from mobilekit.legalise.profiles import PROFILES, profile_for
from mobilekit.runtimes.ort import open_graph
from tests.legalise.support import node_graph, noise, operators

GPU = published_lists()["gpu"]
MASK = np.array([[[True, False, True], [False, True, False]]])


def legal_for(profile, op, operands, *, runtime=(0,), **attributes):
    """The legal graph; its values must be those of the graph it comes from."""
    graph, feed = node_graph(op, operands, runtime=runtime, **attributes)
    legal = legalise(graph, profile=profile, samples=[]).graph
    with open_graph(graph, optimise=False) as one, open_graph(legal, optimise=False) as other:
        wanted, got = one.run(feed), other.run(feed)
    for name, value in wanted.items():
        np.testing.assert_array_equal(got[name], value)
        assert got[name].dtype == value.dtype
    assert check_legal(legal) == ()
    return legal


@pytest.mark.parametrize(
    ("op", "operands", "runtime", "attributes"),
    [
        ("PRelu", [noise(1, 3, 4, 5), noise(1, 1, 4, 1, seed=1)], (0,), {}),
        ("MatMul", [noise(3, 4), noise(4, 5, seed=1)], (1,), {}),
        ("MatMul", [noise(3, 4), noise(1, 2, 4, 5, seed=1)], (1,), {}),
        ("Where", [MASK, noise(1, 2, 3), noise(3, seed=1)], (0, 1), {}),
        ("Where", [MASK, noise(1, 2, 3), noise(1, 1, 3, seed=1)], (0, 1, 2), {}),
        ("Gather", [noise(1, 6, 4), np.array([[5, 0], [2, 3]])], (0,), {"axis": 1}),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_forms_for_the_gpu(op, operands, runtime, attributes):
    """The GPU refuses something of the CPU's form and nothing of its own; both are exact."""
    predictions = []
    for profile in ("tflite-cpu", "tflite-gpu"):
        legal = legal_for(profile, op, operands, runtime=runtime, **attributes)
        predictions.append(predict(operators_of_draft(draft(legal, precision="fp32")), GPU))
    on_cpu, on_gpu = predictions
    assert on_cpu.refused
    assert on_gpu.whole, on_gpu.refused


def test_arg_min_is_the_arg_max_of_the_negative():
    """Ties keep the first; integers stay, their least has no negative."""
    ties = np.array([[2.0, 1.0, 1.0], [3.0, 3.0, 3.0]], np.float32)
    legal = legal_for("tflite-gpu", "ArgMin", [ties], axis=1)
    assert [op for op in operators(legal) if op in ("Neg", "ArgMax", "ArgMin")] == ["Neg", "ArgMax"]
    assert "ArgMin" in operators(legal_for("tflite-gpu", "ArgMin", [ties.astype(np.int32)], axis=1))
    assert "ArgMin" in operators(legal_for("tflite-cpu", "ArgMin", [ties], axis=1))


@pytest.mark.parametrize(
    ("op", "operands", "runtime"),
    [
        ("PRelu", [noise(1, 3, 4, 5), noise(3, 1, 1, seed=1)], (0,)),
        ("MatMul", [noise(3, 4), noise(4, 5, seed=1)], (0,)),
        ("MatMul", [noise(3, 4), noise(4, 5, seed=1)], (0, 1)),
        ("Where", [MASK, noise(1, 2, 3), np.float32(0)], (0, 1)),
        ("Gather", [noise(6, 4), np.array([5, 0, 2])], (0,)),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_the_gpu_takes_already_stays(op, operands, runtime):
    """Slopes per channel, second factors, single numbers and rows of indices are written as for the CPU."""
    assert operators(legal_for("tflite-gpu", op, operands, runtime=runtime)) == operators(
        legal_for("tflite-cpu", op, operands, runtime=runtime)
    )


def test_profiles_of_tiers():
    """The first accelerator that has a profile decides; NPUs publish no wish for other forms."""
    assert profile_for(("cpu",)) == "tflite-cpu"
    assert profile_for(("gpu", "cpu")) == "tflite-gpu"
    assert profile_for(("npu", "gpu", "cpu")) == "tflite-gpu"
    assert profile_for(("npu", "cpu")) == "tflite-cpu"
    assert profile_for(("npu",)) == "tflite-cpu"
    assert {profile_for((each,)) for each in ("cpu", "gpu", "npu")} <= set(PROFILES)


def test_profiles_start_alike():
    """What the GPU's profile adds comes last; it lacks only what XNNPACK, and no GPU, is better off with."""
    cpu, gpu = PROFILES["tflite-cpu"], PROFILES["tflite-gpu"]
    assert len(gpu) == len(cpu) + 1
    for ours, theirs in zip(cpu, gpu, strict=False):
        lacking = [rule for rule in ours if rule not in theirs]
        assert {rule.name for rule in lacking} <= {
            "conv-depthwise-pieces",
            "conv-transpose-interleaved",
            "resize-repeat",
        }
        assert tuple(rule for rule in ours if rule not in lacking) == theirs
