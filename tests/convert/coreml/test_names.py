"""MIL identifiers are like the ONNX names they stand for, valid, and all different."""

from __future__ import annotations

import re

import pytest

from mobilekit.convert.coreml.names import Names, identifier


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("/up1/Resize_output_0", "_up1_Resize_output_0"),
        ("433", "var_433"),
        ("image", "image"),
        ("a.b:0", "a_b_0"),
        ("bool", "var_bool"),
        ("fp16", "var_fp16"),
        ("Program", "var_Program"),
        ("programs", "programs"),
        ("größe", "gr__e"),
        ("", "value"),
    ],
)
def test_identifier(name: str, wanted: str) -> None:
    """Letters, digits and underscores, no digit first, no word of MIL's own."""
    assert identifier(name) == wanted
    assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", identifier(name))


def test_names_are_given_once() -> None:
    """What two names become alike is counted, and a count that is a name itself is passed over."""
    names = Names()
    assert [names.take(n) for n in ("a/b", "a_b_2", "a.b", "a b", "a/b")] == [
        "a_b", "a_b_2", "a_b_3", "a_b_4", "a_b_5",
    ]  # fmt: skip
