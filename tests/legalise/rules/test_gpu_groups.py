"""Groups of channels that are no multiple of four, merged with their neighbours."""

import pytest

from mobilekit.legalise.pipeline import legalise
from tests.legalise.rules.gpu_support import one_node, rewritten
from tests.legalise.support import noise


def grouped(inputs, outputs, groups):
    """A convolution of so many channels in groups, with a bias."""
    weights = noise(outputs, inputs // groups, 3, 3, seed=1)
    return one_node(
        "Conv", noise(1, inputs, 6, 6), weights, noise(outputs, seed=2), group=groups, kernel_shape=[3, 3]
    )


@pytest.mark.parametrize(
    ("inputs", "outputs", "groups", "left"),
    [(4, 8, 2, 1), (8, 8, 4, 2), (64, 64, 32, 16), (16, 8, 4, 2), (6, 6, 2, 1), (12, 24, 6, 3)],
)
def test_groups_that_it_mixes_are_merged(inputs, outputs, groups, left):
    """As few as give fours on both sides; all of them where none do. The values stay."""
    case = grouped(inputs, outputs, groups)
    rewritten(case, tolerance=1e-5)
    proto = legalise(case[0], profile="tflite-gpu", samples=[]).graph.proto()
    (conv,) = [node for node in proto.graph.node if node.op_type == "Conv"]
    assert [a.i for a in conv.attribute if a.name == "group"] == [left]


@pytest.mark.parametrize(
    "case", [grouped(8, 16, 2), grouped(12, 12, 3), grouped(6, 6, 6), grouped(4, 8, 4), grouped(3, 5, 1)]
)
def test_groups_that_it_keeps_apart_stay(case):
    """Fours, depthwise convolutions, and those without groups: the very same weights."""
    graphs = [
        legalise(case[0], profile=profile, samples=[]).graph for profile in ("tflite-cpu", "tflite-gpu")
    ]
    assert graphs[0].digest == graphs[1].digest
