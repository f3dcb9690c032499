"""The chips of Qualcomm's compiler, against those of the installed LiteRT."""

from __future__ import annotations

import importlib

from mobilekit.compile.qualcomm import QUALCOMM


def test_chips_are_those_that_litert_compiles_for() -> None:
    """A chip that LiteRT does not know would fail in the compiler only; its word for all is none."""
    target = importlib.import_module(f"ai_edge_litert.aot.vendors.{QUALCOMM.backend}.target")
    assert set(QUALCOMM.models) == {model.value for model in target.SocModel} - {"ALL"}
