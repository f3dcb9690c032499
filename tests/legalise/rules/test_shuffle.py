"""PixelShuffle as DepthToSpace in the order that TFLite has."""

import numpy as np
import pytest

from tests.legalise.support import check, check_node, noise, text_graph


@pytest.mark.parametrize("block", [2, 3])
def test_crd_becomes_dcr(block):
    """Channels are permuted by a Gather."""
    ops = check_node("DepthToSpace", [noise(2, 2 * block**2, 3, 4)], blocksize=block, mode="CRD")
    assert ops == ["Gather", "DepthToSpace"]


def test_dcr_and_space_to_depth_stay():
    """TFLite computes these as they are."""
    assert check_node("DepthToSpace", [noise(1, 8, 3, 4)], blocksize=2) == ["DepthToSpace"]
    assert check_node("SpaceToDepth", [noise(1, 2, 4, 6)], blocksize=2) == ["SpaceToDepth"]


TEXT = """
g (float[1,3,5,6] x) => (float y{more}) {{
  c = Conv (x, w, b)
  y = DepthToSpace <blocksize=2, mode="CRD"> (c)
  {line}
}}"""
WEIGHTS = {"w": noise(8, 3, 1, 1), "b": np.arange(8, dtype=np.float32)}


def test_the_conv_before_computes_the_permuted_channels():
    """Nothing is left to do at run time."""
    graph = text_graph(TEXT.format(more="", line=""), WEIGHTS)
    assert check(graph, {"x": noise(1, 3, 5, 6)}) == ["Conv", "DepthToSpace"]


def test_a_conv_that_others_read_stays():
    """Its channels cannot change for them."""
    graph = text_graph(TEXT.format(more=", float z", line="z = Relu (c)"), WEIGHTS)
    assert sorted(check(graph, {"x": noise(1, 3, 5, 6)})) == ["Conv", "DepthToSpace", "Gather", "Relu"]
