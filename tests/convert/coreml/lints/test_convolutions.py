"""Kernels, dilations and groups that the Neural Engine is said not to like; 3×3 and depthwise it likes."""

import numpy as np
import pytest

from tests.convert.coreml.lints.graphs import found, graph_of


def conv(kernel=3, group=1, channels=32, dilation=1):
    weights = np.ones((channels, channels // group, kernel, kernel), np.float32)
    attributes = f"group = {group}, dilations = [{dilation},{dilation}], kernel_shape = [{kernel},{kernel}]"
    text = (
        f"(float[1,{channels},64,64] x) => (float[1,{channels},a,b] y) {{ y = Conv <{attributes}> (x, w) }}"
    )
    return graph_of(text.replace(",a,b", f",{64 - dilation * (kernel - 1)}" * 2), {"w": weights})


@pytest.mark.parametrize(
    ("rule", "options", "expected"),
    [
        ("kernel", {"kernel": 15}, ["y"]),
        ("kernel", {"kernel": 13}, []),
        ("dilation", {"dilation": 2}, ["y"]),
        ("dilation", {}, []),
        ("groups", {"group": 4}, ["y"]),
        ("groups", {"group": 16}, []),
        ("groups", {"group": 32}, []),
        ("volume", {}, []),
    ],
)
def test_convolutions(rule, options, expected):
    assert found(rule, conv(**options)) == expected
    assert found(rule, conv(**options), compute_units="cpu_only") == []


def test_volumes_and_runtime_weights():
    volume = "(float[1,1,4,4,4] x) => (float[1,1,4,4,4] y) { y = Conv (x, w) }"
    graph = graph_of(volume, {"w": np.ones((1, 1, 1, 1, 1), np.float32)})
    assert (found("volume", graph), found("weights", graph)) == (["y"], [])
    runtime = graph_of("(float[1,1,4,4] x, float[1,1,1,1] w) => (float[1,1,4,4] y) { y = Conv (x, w) }")
    assert found("weights", runtime) == ["y"]


@pytest.mark.parametrize(("window", "expected"), [(32, ["y"]), (8, [])])
def test_windows(window, expected):
    text = f"(float[1,1,32,32] x) => (float[1,1,a,a] y) {{ y = MaxPool <kernel_shape = [{window},{window}]> (x) }}"
    assert found("kernel", graph_of(text.replace("a,a", f"{33 - window},{33 - window}"))) == expected
