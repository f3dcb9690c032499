"""Channels that one factor must serve are one class; classes that meet the border are not free."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mobilekit.convert.tflite.view import view_of
from mobilekit.plan.channel_classes import channel_classes
from mobilekit.source.graph import Graph

CONSTANTS = {
    "w": np.ones((2, 3, 1, 1)),
    "v": np.ones((2, 4, 1, 1)),
    "u": np.ones((2, 2, 1, 1)),
}


def test_a_skip_ties_and_a_concat_does_not(graph_of: Callable[..., Graph]) -> None:
    """Both operands of a sum share classes, parts of a Concat keep theirs."""
    text = """
    g (float[1, 3, 2, 2] x) => (float[1, 2, 2, 2] y, float[1, 2, 2, 2] z) {
        a = Conv(x, w)
        b = Conv(x, w)
        c = Conv(x, w)
        s = Add(a, b)
        j = Concat<axis = 1>(s, c)
        y = Conv(j, v)
        z = Sigmoid(y)
    }"""
    found = channel_classes(view_of(graph_of(text, CONSTANTS)))
    members = {name: classes.tolist() for name, classes in found.members.items()}
    assert members["a"] == members["b"] == members["s"]
    assert members["j"] == members["s"] + members["c"]
    assert len({*members["j"]}) == 4
    assert found.free_channels("j").all()
    assert not found.free_channels("x").any()
    assert not found.free_channels("y").any()
    assert found.producers == ("a", "b", "c", "y")


def test_one_bad_reader_fixes_the_class(graph_of: Callable[..., Graph]) -> None:
    """Sigmoid reads one of two tied values: neither is free, a third one stays free."""
    text = """
    g (float[1, 3, 2, 2] x) => (float[1, 2, 2, 2] y, float[1, 2, 2, 2] z) {
        a = Conv(x, w)
        b = Conv(x, w)
        c = Conv(x, w)
        s = Add(a, b)
        t = Sigmoid(b)
        y = Conv(s, u)
        r = Conv(c, u)
        z = Mul(r, t)
    }"""
    found = channel_classes(view_of(graph_of(text, CONSTANTS)))
    assert not found.free_channels("a").any()
    assert not found.free_channels("r").any()
    assert found.free_channels("c").all()
