"""NAME=VALUE options."""

from __future__ import annotations

from pathlib import Path

import pytest

from mobilekit.cli.options import parse_inputs, parse_shapes
from mobilekit.errors import UsageError


def test_shapes():
    """Names may hold anything, "=" included; shapes are positive integers."""
    assert parse_shapes(["image=1,3,512,512", "a=b=1x2"]) == {"image": (1, 3, 512, 512), "a=b": (1, 2)}
    assert parse_shapes(None) == {}


@pytest.mark.parametrize(
    "value", ["image", "image=", "=1,2", "image=1,a", "image=1,0", "image=-1,3", "image=1,,3"]
)
def test_bad_shapes(value):
    """Anything else is a usage error that shows the form."""
    with pytest.raises(UsageError) as caught:
        parse_shapes([value])
    assert "NAME=1,3,512,512" in caught.value.hint
    assert value.split("=")[0] in caught.value.message


def test_inputs():
    """Inputs are paths by name."""
    assert parse_inputs(["id=ids.npy"]) == {"id": Path("ids.npy")}


def test_twice():
    """The same name twice is a mistake, not the last one's victory."""
    with pytest.raises(UsageError, match="twice"):
        parse_inputs(["id=a.npy", "id=b.npy"])
