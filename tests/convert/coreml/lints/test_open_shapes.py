"""Inputs with open dimensions are named, others not."""

from mobilekit.convert.coreml.lints import open_shapes


def test_open_shapes():
    found = list(open_shapes({"a": (1, 3, "height", "width"), "b": (1, 3, 4, 4), "c": ("?", 2)}))
    assert [lint.node for lint in found] == ["a", "c"]
    assert "1×3×height×width" in found[0].what
