"""The table of ops: versions by opset, no op claimed twice."""

import types

import pytest

from mobilekit.runtimes.mil_reference import registry
from mobilekit.runtimes.mil_reference.registry import implements, lookup


def test_the_latest_version_up_to_the_opset_wins():
    """The latest version up to the program's opset wins; before the first there is none."""
    assert lookup("reshape", 16).since == 15
    assert lookup("reshape", 18).since == 17
    assert lookup("fill_like", 15) is None
    assert lookup("fill_like", 16).since == 16
    assert lookup("no_such_op", 18) is None


def test_two_functions_for_one_op_are_an_error(monkeypatch):
    """Two functions for one op from the same opset on are an error, not a matter of order."""
    module = types.ModuleType("twice")
    module.one = implements("an_op")(lambda call: call["x"])
    module.two = implements("an_op")(lambda call: call["y"])
    monkeypatch.setattr(registry, "MODULES", ("twice",))
    monkeypatch.setattr(registry.importlib, "import_module", lambda _name: module)
    registry.table.cache_clear()
    try:
        with pytest.raises(ValueError, match="an_op from iOS15 on is implemented twice"):
            registry.table()
    finally:
        monkeypatch.undo()
        registry.table.cache_clear()
