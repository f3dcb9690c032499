"""The chips of Google's compiler, against those of the installed LiteRT."""

from __future__ import annotations

import importlib

from mobilekit.compile.google import GOOGLE


def test_chips_are_those_that_litert_compiles_for() -> None:
    """A chip that LiteRT does not know would fail in the compiler only; its word for all is none."""
    target = importlib.import_module(f"ai_edge_litert.aot.vendors.{GOOGLE.backend}.target")
    assert set(GOOGLE.models) == {model.value for model in target.SocModel} - {"ALL"}
